import type { Generation, NodeState, Summary } from "../types/index.js";

/** The nine states the page shows, each with a colour, a glyph and a word. */
export type ShownState = "queued" | "running" | "cached" | "done" | "failed" | "interrupted" | "retrying" | "stalled" | "lost";

/** What a job is shown as. */
export function shownState(job: Pick<Generation | Summary, "status" | "reason" | "stalledSince" | "retry" | "retryCount">): ShownState {
  return job.status === "processing" ? "running" : "queued";
}

/** What a node is shown as. */
export function shownNodeState(state: NodeState, stalled = false): ShownState {
  return state === "running" ? (stalled ? "stalled" : "running") : "queued";
}

/** `Queued`, `Running`, ... */
export function stateWord(state: ShownState): string {
  return state;
}
