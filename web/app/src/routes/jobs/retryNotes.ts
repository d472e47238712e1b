import { isEnded, useMonitor, type Summary } from "@comfyui-monitor/react";
import type { RetryNote } from "./badge.js";

/** What was told of a retry between two attempts; the summary of the attempt that follows has it no more. */
const notes = new Map<string, RetryNote>();
const MAX_NOTES = 200;

/** What led to the attempt that runs, as far as it was heard. */
export function useRetryNote(job: Summary): RetryNote | undefined {
  const client = useMonitor();
  const { queueId, retry } = job;
  if (isEnded(job) || (job.retryCount === 0 && !retry)) return undefined;
  if (retry) note(queueId, { maxRetries: retry.maxRetries, change: retry.change });
  const heard = notes.get(queueId);
  // A row that is watched for its previews knows its attempts.
  const change = client.job(queueId).getSnapshot().generation?.attempts.at(-1)?.change ?? heard?.change;
  return { maxRetries: heard?.maxRetries, change };
}

function note(queueId: string, told: RetryNote): void {
  notes.delete(queueId);
  notes.set(queueId, told);
  const [oldest] = notes.keys();
  if (notes.size > MAX_NOTES && oldest !== undefined) notes.delete(oldest);
}
