/** In which order a list shows jobs, and in which group. Pure. */
import type { Summary } from "../types/index.js";

/** Ids by group, each newest first. A list keeps its identity until one comes, goes or passes over. */
export interface LiveOrder {
  /** Whether a snapshot has come. */
  known: boolean;
  /** By when each began to run; one that is tried again stays where it was. */
  running: readonly string[];
  /** By when each was submitted, as `ended`. */
  waiting: readonly string[];
  ended: readonly string[];
}

export const NO_ORDER: LiveOrder = { known: false, running: [], waiting: [], ended: [] };

/** The order of the API's pages, so that the two can be joined. */
export function newestFirst(one: Pick<Summary, "createdAt" | "queueId">, other: Pick<Summary, "createdAt" | "queueId">): number {
  if (one.createdAt !== other.createdAt) return other.createdAt < one.createdAt ? -1 : 1;
  return other.queueId < one.queueId ? -1 : other.queueId > one.queueId ? 1 : 0;
}

export function isEnded({ status }: Pick<Summary, "status">): boolean {
  return status !== "pending" && status !== "processing";
}

/** Where it stands in a list: between two attempts it does not go back to those that wait. */
export function groupOf(job: Pick<Summary, "status" | "retry" | "retryCount">): "running" | "waiting" | "ended" {
  if (isEnded(job)) return "ended";
  return job.status === "processing" || job.retry !== undefined || job.retryCount > 0 ? "running" : "waiting";
}

/**
 * The order of `jobs`, which are sorted newest first. `since` remembers when each of those that run began, and is
 * brought up to date.
 */
export function ordered(jobs: readonly Summary[], before: LiveOrder, since: Map<string, string>): LiveOrder {
  const groups = { running: [] as string[], waiting: [] as string[], ended: [] as string[] };
  const began = new Map<string, string>();
  for (const job of jobs) {
    const group = groupOf(job);
    groups[group].push(job.queueId);
    if (group === "running") began.set(job.queueId, since.get(job.queueId) ?? job.startedAt ?? job.createdAt);
  }
  since.clear();
  for (const [queueId, at] of began) since.set(queueId, at);
  // A stable sort: of those that began together, the newest comes first.
  groups.running.sort((one, other) => compare(began.get(other), began.get(one)));
  const running = kept(before.running, groups.running);
  const waiting = kept(before.waiting, groups.waiting);
  const ended = kept(before.ended, groups.ended);
  const same = before.known && running === before.running && waiting === before.waiting && ended === before.ended;
  return same ? before : { known: true, running, waiting, ended };
}

function compare(one = "", other = ""): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function kept(before: readonly string[], now: readonly string[]): readonly string[] {
  return before.length === now.length && before.every((queueId, at) => queueId === now[at]) ? before : now;
}
