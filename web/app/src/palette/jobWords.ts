import { clock, inLine, shownState, timeLeft, type Summary } from "@comfyui-monitor/react";
import { endWords } from "../notify/words.js";

/** What stands beside a job in the palette: where it runs and how long still, or when it ended and with what. */
export function jobNote(job: Summary, instance: string | undefined, now: number): string {
  const state = shownState(job);
  if (state === "queued") return inLine(job.queuePosition, job.estimatedWaitTime);
  if (job.retry) return [instance, "retrying"].filter(Boolean).join(", ");
  if (job.status === "processing") return [instance, job.stalledSince ? "no word" : timeLeft(job.eta, job.overMs)].filter(Boolean).join(", ");
  return [clock(job.completedAt ?? job.createdAt, now, false), job.status === "completed" ? endWords(job).text : state].filter(Boolean).join(", ");
}
