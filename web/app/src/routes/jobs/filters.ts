/** What the list is narrowed to, as its address has it. Pure. */
import { groupOf, isEnded, type Status, type Summary } from "@comfyui-monitor/react";

export type Show = "all" | "running" | "waiting" | "done" | "wrong";
export type Since = "today" | "7d" | "30d" | "all";

export interface Filters {
  show: Show;
  /** Empty: any. */
  instanceId: string;
  since: Since;
  /** Words of a title, or the beginning of an id. */
  q: string;
}

export const SHOWS: readonly { show: Show; label: string }[] = [
  { show: "all", label: "All" },
  { show: "running", label: "Running" },
  { show: "waiting", label: "Waiting" },
  { show: "done", label: "Done" },
  { show: "wrong", label: "Went wrong" },
];

export const TIMES: readonly { value: Since; label: string }[] = [
  { value: "today", label: "Today" },
  { value: "7d", label: "Last 7 days" },
  { value: "30d", label: "Last 30 days" },
  { value: "all", label: "All time" },
];

export const UNFILTERED: Filters = { show: "all", instanceId: "", since: "7d", q: "" };

export function readFilters(search: string): Filters {
  const params = new URLSearchParams(search);
  const show = SHOWS.find((one) => one.show === params.get("show"))?.show ?? UNFILTERED.show;
  const since = TIMES.find((one) => one.value === params.get("time"))?.value ?? UNFILTERED.since;
  return { show, since, instanceId: params.get("instance") ?? "", q: params.get("q") ?? "" };
}

/** The address of the list so narrowed; what is as usual is left out. */
export function addressOf({ show, instanceId, since, q }: Filters): string {
  const params = new URLSearchParams();
  if (show !== UNFILTERED.show) params.set("show", show);
  if (instanceId) params.set("instance", instanceId);
  if (since !== UNFILTERED.since) params.set("time", since);
  if (q.trim()) params.set("q", q);
  const search = params.toString();
  return search ? `/jobs?${search}` : "/jobs";
}

const ENDED: Partial<Record<Show, Status[]>> = {
  all: ["completed", "failed", "interrupted"],
  done: ["completed"],
  wrong: ["failed", "interrupted"],
};

/** Which of the ended are asked of the API; none where only those at work are shown. */
export function endedStatuses(show: Show): Status[] {
  return ENDED[show] ?? [];
}

const DAYS: Partial<Record<Since, number>> = { "7d": 7, "30d": 30 };

/** Midnight, local. */
export function dayStart(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}

/** From when on jobs are listed; `undefined`: all of them. */
export function sinceTime(since: Since, now: number): number | undefined {
  if (since === "today") return dayStart(now);
  const days = DAYS[since];
  return days === undefined ? undefined : now - days * 86_400_000;
}

/** The query of the API that has the same jobs, but for their status. */
export function queryOf({ instanceId, since, q }: Filters, now: number): Record<string, string> {
  const from = sinceTime(since, now);
  return {
    today: new Date(dayStart(now)).toISOString(),
    ...(instanceId && { instanceId }),
    ...(from !== undefined && { since: new Date(from).toISOString() }),
    ...(q.trim() && { q: q.trim() }),
  };
}

/** Whether a job that was heard of live belongs to the list. What waits or runs does, whatever the time. */
export function matches(job: Summary, filters: Filters, now: number): boolean {
  if (filters.instanceId && job.instanceId !== filters.instanceId) return false;
  if (!isShown(job, filters.show) || !isFound(job, filters.q)) return false;
  const from = sinceTime(filters.since, now);
  return from === undefined || !isEnded(job) || Date.parse(job.createdAt) >= from;
}

function isShown(job: Summary, show: Show): boolean {
  if (isEnded(job)) return endedStatuses(show).includes(job.status);
  return show === "all" || show === groupOf(job);
}

function isFound(job: Summary, q: string): boolean {
  const wanted = q.trim().toLowerCase();
  if (!wanted) return true;
  const title = job.title.toLowerCase();
  return wanted.split(/\s+/).every((word) => title.includes(word)) || isIdOf(job, wanted);
}

function isIdOf({ queueId, promptId }: Summary, wanted: string): boolean {
  return queueId.toLowerCase().startsWith(wanted) || promptId.toLowerCase().startsWith(wanted);
}

export function isNarrowed({ show, instanceId, since, q }: Filters): boolean {
  return show !== "all" || instanceId !== "" || since !== "7d" || q.trim() !== "";
}
