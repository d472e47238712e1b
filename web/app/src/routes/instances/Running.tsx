import {
  EdgeLight,
  NodeTile,
  percent,
  RunStrip,
  shownState,
  StateGlyph,
  stripOfSummary,
  stripSentence,
  timeLeftShort,
  useMedia,
  useSteadyText,
  type Summary,
} from "@comfyui-monitor/react";
import { Link } from "wouter";
import { useNow } from "../../time/useNow.js";
import { forHow, until } from "./connection.js";
import { nowLine, stripStateOf } from "./runs.js";
import styles from "./Running.module.css";
import { useLiveThumbnail } from "./useLiveThumbnail.js";

/** A job that runs: picture, title, strip, node; all of it leads to the job. */
export function Running({ job }: { job: Summary }) {
  const now = useNow();
  const preview = useLiveThumbnail(job.queueId);
  const state = shownState(job);
  const stalledMs = job.stalledSince === undefined ? undefined : now - Date.parse(job.stalledSince);
  const calm = useSteadyText(timeLeftShort(job.eta, job.overMs), now, job.queueId);
  const left = job.retry
    ? `again in ${until(Date.parse(job.retry.retryAt), now)}`
    : stalledMs !== undefined
      ? `no word for ${forHow(stalledMs)}`
      : calm;
  const result = useMedia(job.thumbnailUrl);
  const picture = preview === undefined ? result : { src: preview };
  const label = stripSentence({ percentage: job.overallPercentage, current: job.current?.title, state });
  return (
    <Link href={`/jobs/${encodeURIComponent(job.queueId)}`} className={styles.run}>
      <EdgeLight percentage={job.overallPercentage} lit={state === "running" || state === "retrying"} radius={10} width={2} gap={2} className={styles.thumb ?? ""}>
        {picture.src ? (
          <img {...picture} alt="" width="36" height="36" className={styles.picture} />
        ) : (
          <span className={styles.picture}>{job.current && <NodeTile kind={job.current.kind} size={26} />}</span>
        )}
      </EdgeLight>
      <span className={styles.title} title={job.title}>
        {state !== "running" && <StateGlyph state={state} size={14} label={stateLabel[state] ?? state} />}
        <span>{job.title}</span>
      </span>
      <span className={styles.left} data-state={state}>{left}</span>
      <span className={styles.strip}>
        <RunStrip segments={stripOfSummary(job)} percentage={job.overallPercentage} state={stripStateOf(job)} height={6} label={label} />
      </span>
      <span className={styles.node} title={nowLine(job)}>{nowLine(job)}</span>
      <span className={styles.percent}>{percent(job.overallPercentage)}</span>
    </Link>
  );
}

const stateLabel: Partial<Record<ReturnType<typeof shownState>, string>> = { retrying: "Retrying", stalled: "Stalled" };
