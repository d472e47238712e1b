import { duration, wholePercent, type Eta, type RunStripProps, type ShownState, type Summary } from "@comfyui-monitor/react";

const MOST = 6;

/** The running jobs that the sidebar shows, oldest first, and how many it has no room for. */
export function liveNow(jobs: readonly Summary[]): { shown: Summary[]; more: number; total: number } {
  const running = jobs.filter((job) => job.status === "processing" || job.retry).sort((one, other) => began(one) - began(other));
  return { shown: running.slice(0, MOST), more: Math.max(0, running.length - MOST), total: running.length };
}

function began({ startedAt, createdAt }: Summary): number {
  return Date.parse(startedAt ?? createdAt);
}

type TimeLeft = (eta: Eta | undefined, overMs?: number) => string;

/** What stands beside the title: the time left, or why there is none. */
export function shownLeft(job: Summary, now: number, isOffline: boolean, timeLeft: TimeLeft): string {
  if (isOffline) return `was ${wholePercent(job.overallPercentage)}%`;
  if (job.retry) return "retrying";
  if (job.stalledSince) return `no word, ${duration(Math.max(1000, Math.floor((now - Date.parse(job.stalledSince)) / 1000) * 1000))}`;
  return timeLeft(job.eta, job.overMs);
}

/** How a job's strip is lit. */
export function stripState(state: ShownState): RunStripProps["state"] {
  if (state === "running" || state === "retrying" || state === "stalled" || state === "failed") return state;
  return state === "queued" ? "waiting" : "ended";
}
