/** What a row says of its job. Pure. */
import {
  count,
  counted,
  duration,
  exactDuration,
  isEnded,
  isoTime,
  ordinal,
  percent,
  roughly,
  shownState,
  steps,
  stopwatch,
  timeLeftShort,
  type NodeKind,
  type ShownState,
  type Summary,
} from "@comfyui-monitor/react";
import { badgeOf, type Badge, type RetryNote } from "./badge.js";

export interface Told {
  state: ShownState;
  badge: Badge | undefined;
  /** What it does now, or what became of it. */
  doing: string;
  kind: NodeKind | undefined;
  /** Empty where it is not known, or says nothing any more. */
  percent: string;
  time: string;
  timeTitle: string;
  age: string;
  ageTitle: string;
}

export interface Moment {
  /** By the server's clock (ms). */
  now: number;
  /** There is no connection: figures are of an earlier moment. */
  isOffline?: boolean;
  isCancelling?: boolean;
  retry?: RetryNote | undefined;
}

export function told(job: Summary, moment: Moment): Told {
  const state = isAllCached(job) ? "cached" : shownState(job);
  const { kind } = (!isEnded(job) && job.current) || {};
  const at = { state, badge: badgeOf(job, moment.now, moment.retry), doing: doing(job, moment), kind };
  return { ...at, percent: percentage(job, moment), ...time(job, state, moment), ...age(job, moment) };
}

function isAllCached({ status, strip }: Summary): boolean {
  return status === "completed" && strip.length > 0 && strip.every((segment) => segment.state === "cached");
}

const REASONS: Record<string, string> = {
  cancelled: "cancelled",
  interrupted: "interrupted at the server",
  removed_from_queue: "removed from the queue",
};

function doing(job: Summary, { now }: Moment): string {
  switch (job.status) {
    case "pending":
      if (job.retry) return triesAgain(Date.parse(job.retry.retryAt) - now);
      return job.queuePosition === undefined ? "waiting" : `${ordinal(job.queuePosition)} in line`;
    case "processing":
      return job.current ? step(job.current) : (job.message ?? "");
    case "completed":
      return `${job.outputCount === 0 ? "no results" : counted(job.outputCount, "result")}${isAllCached(job) ? ", all from cache" : ""}`;
    case "interrupted":
      return REASONS[job.reason ?? ""] ?? "interrupted";
    default:
      return job.reason === "instance_lost" ? "server restarted" : (job.error?.nodeTitle ?? job.error?.message ?? "");
  }
}

function step({ title, kind, value, max }: NonNullable<Summary["current"]>): string {
  return value === undefined || max === undefined ? title : `${title}, ${steps(value, max, kind)}`;
}

function triesAgain(inMs: number): string {
  return inMs < 1000 ? "tries again now" : `tries again in ${roughly(inMs)}`;
}

function percentage(job: Summary, { isOffline = false }: Moment): string {
  // Only seen from afar: there are no steps to go by.
  if (isEnded(job) || job.coarse || (job.status === "pending" && !job.retry)) return "";
  return isOffline ? `was ${percent(job.overallPercentage)}` : percent(job.overallPercentage);
}

function time(job: Summary, state: ShownState, { isOffline, isCancelling }: Moment): Pick<Told, "time" | "timeTitle"> {
  if (isEnded(job)) {
    if (job.durationMs === undefined) return { time: "", timeTitle: "" };
    const word = job.status === "completed" ? "took" : "after";
    return { time: `${word} ${duration(job.durationMs)}`, timeTitle: exactDuration(job.durationMs) };
  }
  const says = (time: string) => ({ time, timeTitle: "" });
  if (isCancelling) return says("Cancelling");
  if (isOffline || job.retry) return says("");
  if (job.status === "processing") return says(state === "stalled" ? "not known" : timeLeftShort(job.eta, job.overMs));
  const { estimatedWaitTime: wait } = job;
  if (wait === undefined) return says("");
  return says(wait < 5_000 ? "in a few seconds" : `starts in ${roughly(wait)}`);
}

function age(job: Summary, { now }: Moment): Pick<Told, "age" | "ageTitle"> {
  const made = Date.parse(job.createdAt);
  const title = `Submitted ${isoTime(made)}${job.completedAt ? `, ended ${isoTime(job.completedAt)}` : ""}`;
  if (isEnded(job)) return { age: timeOfDay(made), ageTitle: title };
  const from = job.status === "processing" && job.startedAt ? Date.parse(job.startedAt) : made;
  return { age: stopwatch(now - from), ageTitle: title };
}

/** The day is in the heading. */
function timeOfDay(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `142 today`, `3.1 s median wait`, `97.5% came through`; what is not known is left out. */
export function figuresOf(today: { jobs: number; medianWaitMs?: number; successPercentage?: number }): { value: string; of: string }[] {
  const { jobs, medianWaitMs, successPercentage } = today;
  const figures = [{ value: count(jobs), of: "today" }];
  if (medianWaitMs !== undefined) figures.push({ value: duration(medianWaitMs), of: "median wait" });
  if (successPercentage !== undefined) figures.push({ value: `${+(Math.floor(successPercentage * 10) / 10).toFixed(1)}%`, of: "came through" });
  return figures;
}
