import { clock, isEnded, isoTime, shownState, StateGlyph, stateWord, type Generation, type Instance } from "@comfyui-monitor/react";
import { CircleStop, Maximize2, Repeat2 } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "../../../controls/Button.js";
import { CopyButton } from "../../../controls/CopyButton.js";
import { useJobActions } from "../../../jobs/actions.js";
import { deviceNames } from "../../../instances/device.js";
import styles from "./TitleLine.module.css";

export interface TitleLineProps {
  generation: Generation;
  instance: Instance | undefined;
  /** Jobs of this tab that wait behind it. */
  behind: number;
}

/** What the job is called, where it runs, and what can be done with it. */
export function TitleLine({ generation, instance, behind }: TitleLineProps) {
  const { queueId, title, overallPercentage } = generation;
  const [, navigate] = useLocation();
  const { cancel, runAgain, cancelling } = useJobActions();
  const state = shownState(generation);
  const isCancelling = cancelling.has(queueId);
  const running = generation.status === "processing";
  return (
    <header className={styles.line}>
      <span className={styles.glyph}>
        <StateGlyph state={running && state === "retrying" ? "running" : state} percentage={overallPercentage} label={stateWord(state)} />
      </span>
      <div className={styles.words}>
        <h2 className={styles.title}><Link href={`/jobs/${queueId}`} title={title}>{title}</Link></h2>
        <Facts generation={generation} instance={instance} behind={behind} />
      </div>
      <div className={styles.actions}>
        <Button variant="quiet" icon={<Maximize2 aria-hidden="true" />} title="Only the picture (f)" onClick={() => navigate(`/jobs/${queueId}/focus`)}>Focus</Button>
        {generation.status === "completed" && (
          <Button icon={<Repeat2 aria-hidden="true" />} onClick={() => runAgain([generation])}>Run again</Button>
        )}
        {!isEnded(generation) && (
          <Button icon={<CircleStop aria-hidden="true" />} disabled={isCancelling} onClick={() => cancel([generation])}>
            {isCancelling ? "Cancelling" : "Cancel"}
          </Button>
        )}
      </div>
    </header>
  );
}

/** "atlas · RTX 4090 · started 21:46:31 · 7f3a9c2e", as far as it is known. */
function Facts({ generation, instance, behind }: TitleLineProps) {
  const { queueId, instanceId, startedAt, createdAt, completedAt } = generation;
  const since = completedAt ?? startedAt ?? createdAt;
  const word = completedAt ? "ended" : startedAt ? "started" : "sent";
  const facts: ReactNode[] = [
    instance?.name ?? instanceId,
    instance && deviceNames(instance.devices),
    <time key="since" dateTime={since} title={isoTime(since)}>{`${word} ${clock(since, Date.now())}`}</time>,
    behind > 0 && <Link key="behind" href="/jobs?show=waiting">{behind === 1 ? "one more of yours waits" : `${behind} more of yours wait`}</Link>,
    <span key="id" className={styles.id}>
      <code title={queueId}>{queueId.slice(0, 8)}</code>
      <CopyButton text={queueId} label="Copy the job's id" />
    </span>,
  ];
  return (
    <p className={styles.facts}>
      {facts.filter(Boolean).map((fact, at) => (
        // The order is fixed.
        <Fragment key={at}>
          {at > 0 && <span className={styles.dot} aria-hidden="true">·</span>}
          {fact}
        </Fragment>
      ))}
    </p>
  );
}
