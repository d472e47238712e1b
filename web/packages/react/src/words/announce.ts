import { isEnded } from "../core/order.js";
import { currentNode } from "../core/select.js";
import type { JobState } from "../core/reducer.js";

/** What a live region says; `urgent`: at once, for what went wrong. */
export interface Announcement {
  text: string;
  urgent: boolean;
}

/** What of a change is to be told to who cannot see it: starts of nodes, every quarter, retries and the end; no steps. */
export function announcement(before: JobState, after: JobState): Announcement | undefined {
  const [was, is] = [before.generation, after.generation];
  if (!is || !was || was.queueId !== is.queueId) return undefined;
  const ends = was.completedAt === undefined && is.completedAt !== undefined && isEnded(is);
  if (ends && is.status === "failed") return { text: is.message ?? "Failed", urgent: true };
  if (ends || (is.retry && !was.retry)) return told(is.message ?? is.status);
  if (was.stalledSince === undefined && is.stalledSince !== undefined) return told(is.message ?? "No word from the server");
  if (is.status !== "processing") return undefined;
  const quarter = Math.floor(is.overallPercentage / 25);
  const node = currentNode(after);
  if (quarter > Math.floor(was.overallPercentage / 25) && quarter < 4) return told(`${quarter * 25}%`);
  if (node && node.nodeId !== currentNode(before)?.nodeId) return told(`${node.currentNode} runs`);
  return undefined;
}

function told(text: string): Announcement {
  return { text, urgent: false };
}
