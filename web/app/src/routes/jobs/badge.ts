/** The one thing about a job that its title should have beside it. Pure. */
import { counted, roughly, stopwatch, type ShownState, type Summary } from "@comfyui-monitor/react";

export interface Badge {
  text: string;
  tone: ShownState;
}

/** What is known of a retry beside the summary, which only has it between two attempts. */
export interface RetryNote {
  maxRetries?: number | undefined;
  change?: string | undefined;
}

export function badgeOf(job: Summary, now: number, retry?: RetryNote): Badge | undefined {
  if (job.status === "processing" && job.stalledSince !== undefined) {
    return { text: `No word for ${silence(now - Date.parse(job.stalledSince))}`, tone: "stalled" };
  }
  if (job.status === "pending" || job.status === "processing") return attempt(job, retry) ?? warned(job);
  return ended(job) ?? warned(job);
}

function attempt(job: Summary, note: RetryNote = {}): Badge | undefined {
  if (job.retryCount === 0 && !job.retry) return undefined;
  const { maxRetries, change } = { ...note, ...job.retry };
  const number = job.retryCount + 1;
  const of = maxRetries !== undefined && number <= maxRetries + 1 ? ` of ${maxRetries + 1}` : "";
  return { text: `Attempt ${number}${of}${change ? `, ${short(change)}` : ""}`, tone: "retrying" };
}

/** `Batch size 4 to 2` is `batch size 4 → 2`. */
function short(change: string): string {
  return (change.charAt(0).toLowerCase() + change.slice(1)).replace(/(?<=\d) to (?=\d)/g, " → ");
}

const CAUSES: Record<string, string> = {
  submission_refused: "Refused by ComfyUI",
  timeout: "Took too long",
};

function ended({ status, reason, error, retryCount }: Summary): Badge | undefined {
  if (status !== "failed") return undefined;
  if (reason === "instance_lost") return { text: "Lost with a restart", tone: "lost" };
  const type = error?.type ?? "";
  const cause = /OutOfMemory/.test(type) ? "Out of memory" : (CAUSES[type] ?? (retryCount > 0 ? "Failed" : undefined));
  if (cause === undefined) return undefined;
  const attempts = retryCount > 0 ? `, ${counted(retryCount + 1, "attempt")}` : "";
  return { text: cause + attempts, tone: "failed" };
}

function warned({ warnings = [] }: Summary): Badge | undefined {
  return warnings.length > 0 ? { text: counted(warnings.length, "warning"), tone: "interrupted" } : undefined;
}

function silence(ms: number): string {
  return ms < 60_000 ? roughly(Math.max(1000, ms)) : stopwatch(ms);
}
