import { RunStrip, shownState, stripOfSummary, timeLeftShort, wholePercent, type Summary } from "@comfyui-monitor/react";
import { useLiveJobs } from "@comfyui-monitor/react";
import { memo } from "react";
import { Link } from "wouter";
import { useConnection } from "../connection/useConnection.js";
import { jobPath } from "../jobs/open.js";
import { useNow } from "../time/useNow.js";
import { liveNow, shownLeft, stripState } from "./live.js";
import styles from "./LiveNow.module.css";

/** Up to six running jobs, newest last, each with its strip. */
export function LiveNow() {
  const { jobs } = useLiveJobs();
  const { isOffline } = useConnection();
  const { shown, more, total } = liveNow(jobs);
  if (total === 0) return null;
  return (
    <section aria-label="Live now" className={styles.live}>
      <h2 className={styles.heading}><span>Live now</span><span>{total}</span></h2>
      <ul>
        {shown.map((job) => <LiveJob key={job.queueId} job={job} isOffline={isOffline} />)}
      </ul>
      {more > 0 && <Link href="/jobs" className={styles.more}>{more} more</Link>}
    </section>
  );
}

// The list changes with every job, up to once a frame: each of these with its own alone.
const LiveJob = memo(function LiveJob({ job, isOffline }: { job: Summary; isOffline: boolean }) {
  const now = useNow();
  const left = shownLeft(job, now, isOffline, timeLeftShort);
  const state = shownState(job);
  return (
    <li>
      <Link href={jobPath(job.queueId)} className={styles.job} title={`${job.title}, ${left}`}>
        <span className={styles.title}>{job.title}</span>
        <span className={styles.left}>{left}</span>
        <span className={styles.strip}>
          <RunStrip
            segments={stripOfSummary(job)}
            percentage={job.overallPercentage}
            state={stripState(state)}
            height={4}
            label={`${wholePercent(job.overallPercentage)}%`}
          />
        </span>
      </Link>
    </li>
  );
});
