import {
  isEnded,
  NodeTile,
  RunStrip,
  StateGlyph,
  stateWord,
  stripOfSummary,
  useLiveJob,
  useMonitor,
  useSteadyText,
  wholePercent,
  type Summary,
} from "@comfyui-monitor/react";
import { memo } from "react";
import { classes } from "../../classes.js";
import { stripState } from "../../frame/live.js";
import { useNow } from "../../time/useNow.js";
import styles from "./JobRow.module.css";
import { useRetryNote } from "./retryNotes.js";
import { Thumbnail } from "./Thumbnail.js";
import { told } from "./told.js";
import { newest } from "./useJobs.js";

export interface JobRowProps {
  queueId: string;
  /** As the pages of the API have it. */
  paged: Summary | undefined;
  /** Of the list, from 1. */
  index: number;
  /** From the top of the list, in pixels. */
  top: number;
  height: number;
  isCurrent: boolean;
  isSelected: boolean;
  isCancelling: boolean;
  isFresh: boolean;
  inView: boolean;
  /** There is no connection since then: figures are of that moment (ms). */
  lostAt: number | undefined;
  /** Of servers, by their ids. */
  names: ReadonlyMap<string, string>;
  onLinkEnded: (queueId: string) => void;
}

/** One job of the list. It follows its own job alone, and has no listeners: the list has them. */
export const JobRow = memo(function JobRow({ paged, ...place }: JobRowProps) {
  const job = newest(useLiveJob(place.queueId), paged);
  const { queueId, index, top, height, isCurrent, isSelected, isFresh } = place;
  return (
    <div
      role="row"
      id={rowId(queueId)}
      data-row={queueId}
      aria-rowindex={index}
      aria-selected={isSelected}
      className={classes(styles.row, isCurrent && styles.current, isSelected && styles.selected, isFresh && styles.fresh)}
      style={{ height, transform: `translateY(${top}px)` }}
    >
      {job ? <Cells job={job} {...place} /> : <span role="gridcell" className={styles.missing} />}
    </div>
  );
});

export function rowId(queueId: string): string {
  return `job-${queueId}`;
}

type CellsProps = Omit<JobRowProps, "paged"> & { job: Summary };

function Cells({ job, isSelected, isCancelling, inView, lostAt, names, onLinkEnded }: CellsProps) {
  const client = useMonitor();
  // What has ended stands still.
  const time = useNow(isEnded(job) ? 60_000 : 1_000);
  const now = lostAt ?? time;
  const isOffline = lostAt !== undefined;
  const { queueId, title } = job;
  const row = told(job, { now: client.serverTime(now), isOffline, isCancelling, retry: useRetryNote(job) });
  const left = useSteadyText(row.time, now, `${job.status} ${isCancelling} ${isOffline}`);
  const instance = names.get(job.instanceId) ?? job.instanceId;
  const percentage = job.overallPercentage;
  // Of one that runs, the name alone: what changes with every step is beside it.
  const hint = isEnded(job) ? (job.message ?? row.doing) : (job.current?.title ?? row.doing);
  return (
    <>
      <span role="gridcell" className={styles.glyph} data-select="" title={isSelected ? "Deselect (x)" : "Select (x)"}>
        <StateGlyph state={row.state} percentage={wholePercent(percentage)} label={`${stateWord(row.state)}${isSelected ? ", selected" : ""}`} />
      </span>
      <span role="gridcell" className={styles.thumbnail}>
        <Thumbnail job={job} inView={inView} onLinkEnded={onLinkEnded} />
      </span>
      <span role="gridcell" className={styles.title}>
        <a href={`/jobs/${encodeURIComponent(queueId)}`} tabIndex={-1} className={classes(styles.name, row.state === "queued" && styles.quiet)} title={title}>
          {title}
        </a>
        {row.badge && <span className={classes(styles.badge, `cm-state--${row.badge.tone}`)} title={job.error?.message ?? row.badge.text}>{row.badge.text}</span>}
        <span className={styles.id} aria-hidden="true">{queueId.slice(0, 8)}</span>
      </span>
      <span role="gridcell" className={classes(styles.node, isEnded(job) && styles.ended)} title={hint}>
        {row.kind && <NodeTile kind={row.kind} size={22} />}
        <span className={styles.doing}>{row.doing}</span>
      </span>
      <span role="gridcell" className={styles.strip}>
        {/* Half a percent is less than a pixel of it. */}
        {row.state !== "queued" && <RunStrip segments={stripOfSummary(job)} percentage={Math.floor(2 * percentage) / 2} state={stripState(row.state)} height={6} label={hint} />}
      </span>
      <span role="gridcell" className={styles.percent}>{row.percent}</span>
      <span role="gridcell" className={styles.time} {...(row.timeTitle && { title: row.timeTitle })}>{left}</span>
      <span role="gridcell" className={styles.instance} title={instance}>{instance}</span>
      <span role="gridcell" className={styles.age} title={row.ageTitle}>{row.age}</span>
    </>
  );
}
