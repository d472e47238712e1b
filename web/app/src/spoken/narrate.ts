import { wholePercent, type Summary } from "@comfyui-monitor/react";
import { endWords } from "../notify/words.js";

/** What a screen reader is told about a job, and whether it must hear it at once. */
export interface Narrated {
  text: string;
  isUrgent?: boolean;
}

type Told = Summary | undefined;

/** What became true between two looks at a job: its end, an attempt that failed, a node that started, a quarter more. Pure. */
export function narrate(before: Told, after: Told): Narrated | undefined {
  if (!before || !after || before.queueId !== after.queueId) return undefined;
  if (before.status !== after.status && after.completedAt !== undefined && after.status !== "processing" && after.status !== "pending") {
    const { title, text } = endWords(after);
    return { text: text ? `${title}. ${text}` : title, isUrgent: after.status === "failed" };
  }
  if (after.retry && before.retry?.retryAt !== after.retry.retryAt) {
    return { text: `${after.retry.error.message}. Trying again`, isUrgent: true };
  }
  const parts = [];
  if (after.current && after.current.nodeId !== before.current?.nodeId) parts.push(`${after.current.title} started`);
  if (quarter(after) > quarter(before) && after.status === "processing") parts.push(`${wholePercent(after.overallPercentage)}%`);
  return parts.length > 0 ? { text: parts.join(", ") } : undefined;
}

function quarter({ overallPercentage }: Summary): number {
  return Math.floor(overallPercentage / 25);
}
