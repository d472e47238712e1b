import { age, duration, useMonitor, type Instance, type Summary } from "@comfyui-monitor/react";
import { Moon, Unplug } from "lucide-react";
import { Link } from "wouter";
import { useReconnect } from "../../connection/useReconnect.js";
import { useNow } from "../../time/useNow.js";
import { addressOf } from "../../instances/device.js";
import { forHow, isAnswering, neverHeard } from "./connection.js";
import styles from "./Running.module.css";

export interface StillProps {
  instance: Instance;
  /** What ran when it was heard last. */
  before: readonly Summary[];
  /** The newest that has ended there. */
  last: Summary | undefined;
}

/** In the place of a job, where none runs or where nothing is heard. */
export function Still({ instance, before, last }: StillProps) {
  return isAnswering(instance) ? <Idle last={last} /> : <Away instance={instance} before={before} />;
}

function Idle({ last }: { last: Summary | undefined }) {
  const now = useNow(10_000);
  return (
    <div className={styles.still}>
      <span className={styles.hole}><Moon aria-hidden="true" /></span>
      <b>Nothing runs</b>
      {last?.completedAt && (
        <span className={styles.why}>
          Last <Link href={`/jobs/${encodeURIComponent(last.queueId)}`} title={last.title}>{last.title}</Link>
          {`, ${age(last.completedAt, now)} ago`}
          {last.durationMs !== undefined && `, took ${duration(last.durationMs)}`}
        </span>
      )}
    </div>
  );
}

function Away({ instance, before }: { instance: Instance; before: readonly Summary[] }) {
  const now = useNow();
  const { isBehindGateway } = useMonitor();
  const { tryNow, trying } = useReconnect([instance]);
  const headline =
    instance.state === "connecting" || neverHeard(instance)
      ? `Waiting for ${isBehindGateway ? instance.name : `ComfyUI at ${addressOf(instance.url)}`}`
      : `Not answering for ${forHow(now - Date.parse(instance.since))}`;
  return (
    <div className={styles.still}>
      <span className={styles.hole}><Unplug aria-hidden="true" /></span>
      <b title={headline}>{headline}</b>
      <span className={styles.why} title={instance.reason}>{awayWords(instance, before)}</span>
      {tryNow && (
        <button type="button" className={styles.try} onClick={tryNow} disabled={trying}>
          {trying ? "Trying" : "Try now"}
        </button>
      )}
    </div>
  );
}

/** What was lost sight of, else why it is away. */
export function awayWords(instance: Instance, before: readonly Pick<Summary, "title">[]): string {
  const [job] = before;
  if (job && before.length === 1) return `Was running ${job.title}. Once it is back we ask it what became of that job.`;
  if (before.length > 1) return `Was running ${before.length} jobs. Once it is back we ask it what became of them.`;
  if (instance.reason) return `${instance.reason.charAt(0).toUpperCase()}${instance.reason.slice(1)}`;
  return "It wakes up here by itself.";
}
