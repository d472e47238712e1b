import { about, count, timeLeftShort, useMonitor, type Instance, type Summary } from "@comfyui-monitor/react";
import { Link } from "wouter";
import cardStyles from "./Card.module.css";
import { isAnswering } from "./connection.js";
import styles from "./Queue.module.css";
import { clearIn, queueBoxes, type QueueBox } from "./queue.js";

export interface QueueProps {
  instance: Instance;
  jobs: readonly Summary[];
  /** What the whole track stands for (ms). */
  scaleMs: number;
  /** Whether the next job that names no instance goes here. */
  takesNext: boolean;
}

/** Jobs that wait, each a box as wide as it should take. */
export function Queue({ instance, jobs, scaleMs, takesNext }: QueueProps) {
  const { isBehindGateway } = useMonitor();
  const answering = isAnswering(instance);
  const { waiting } = instance;
  const boxes = queueBoxes(waiting, scaleMs);
  const title = (queueId: string | undefined) => jobs.find((job) => job.queueId === queueId)?.title;
  return (
    <section className={styles.queue}>
      <div className={cardStyles.figures}>
        <h3>Waiting</h3>
        <b>{countWords(instance)}</b>
        <span className={cardStyles.aside}>{isBehindGateway && !answering ? "jobs wait for it" : clearWords(instance, jobs, takesNext)}</span>
      </div>
      <div className={styles.track} data-away={!answering || undefined}>
        {boxes.map((box) => (
          <Box key={box.key} box={box} title={title(box.queueId)} instanceId={instance.instanceId} />
        ))}
      </div>
    </section>
  );
}

function Box({ box, title, instanceId }: { box: QueueBox; title: string | undefined; instanceId: string }) {
  const takes = box.expectedMs === undefined ? "not known yet" : about(box.expectedMs);
  const what = box.jobs > 1 ? `${count(box.jobs)} more jobs` : (title ?? "A job");
  const words = `${what}, ${takes}`;
  const href = box.queueId ? `/jobs/${encodeURIComponent(box.queueId)}` : `/jobs?instance=${encodeURIComponent(instanceId)}`;
  return (
    <Link
      href={href}
      className={styles.box}
      style={{ width: `calc(${box.width}% - 3px)` }}
      aria-label={words}
      data-tip={words}
      data-unknown={box.expectedMs === undefined || undefined}
    />
  );
}

function countWords(instance: Instance): string {
  const { length } = instance.waiting;
  if (length === 0) return isAnswering(instance) ? "none" : "not known";
  return length === 1 ? "1 job" : `${count(length)} jobs`;
}

function clearWords(instance: Instance, jobs: readonly Summary[], takesNext: boolean): string {
  if (!isAnswering(instance)) return "gets no new jobs";
  if (instance.waiting.length > 0) {
    const eta = clearIn(instance, jobs);
    return eta ? timeLeftShort(eta) : "not known yet";
  }
  if (takesNext) return "takes the next job";
  return instance.running.length === 0 ? "starts at once" : "";
}
