import { inLine, StateChip, timeLeft, useLiveJobs, type Instance, type JobState } from "@comfyui-monitor/react";
import { Link } from "wouter";
import styles from "./Done.module.css";

/** In the place of the panel before it runs: its place in line, and what is before it. */
export function Waiting({ state, instance }: { state: JobState; instance: Instance | undefined }) {
  const { jobs } = useLiveJobs();
  const { generation } = state;
  if (generation?.status !== "pending" || generation.retry) return null;
  const { queuePosition, estimatedWaitTime, message, instanceId } = generation;
  const ahead = jobs.filter((job) => job.status === "processing" && job.instanceId === instanceId);
  const place = queuePosition === undefined ? message : inLine(queuePosition, estimatedWaitTime);
  return (
    <section className={styles.done} aria-label="Waiting">
      <header className={styles.head}>
        <h3 className={styles.title}>{instance ? `Waits for ${instance.name}` : "Waits for a server"}</h3>
        <StateChip state="queued" />
      </header>
      <p className={styles.place}>{place}</p>
      {ahead.map((job) => (
        <p key={job.queueId} className={styles.size}>
          Running there: <Link href={`/jobs/${job.queueId}`} title={job.title}>{job.title}</Link>
          {job.eta && `, ${timeLeft(job.eta)}`}
        </p>
      ))}
    </section>
  );
}
