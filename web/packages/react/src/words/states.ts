import type { Generation, NodeState, Summary } from "../types/index.js";

/** The nine states the page shows, each with a colour, a glyph and a word. */
export type ShownState = "queued" | "running" | "cached" | "done" | "failed" | "interrupted" | "retrying" | "stalled" | "lost";

/** What a job is shown as. A second attempt that runs is `retrying`, though its node is `running`. */
export function shownState(job: Pick<Generation | Summary, "status" | "reason" | "stalledSince" | "retry" | "retryCount">): ShownState {
  switch (job.status) {
    case "pending":
      return job.retry ? "retrying" : "queued";
    case "processing":
      if (job.stalledSince !== undefined) return "stalled";
      return job.retryCount > 0 ? "retrying" : "running";
    case "completed":
      return "done";
    case "failed":
      return job.reason === "instance_lost" ? "lost" : "failed";
    case "interrupted":
      return "interrupted";
    default:
      return "queued";
  }
}

const OF_NODES: Record<NodeState, ShownState> = {
  pending: "queued",
  cached: "cached",
  running: "running",
  finished: "done",
  error: "failed",
  interrupted: "interrupted",
  // It never had its turn.
  skipped: "queued",
};

/** What a node is shown as. */
export function shownNodeState(state: NodeState, stalled = false): ShownState {
  return state === "running" && stalled ? "stalled" : (OF_NODES[state] ?? "queued");
}

const WORDS: Record<ShownState, string> = {
  queued: "Queued",
  running: "Running",
  cached: "Cached",
  done: "Done",
  failed: "Failed",
  interrupted: "Interrupted",
  retrying: "Retrying",
  stalled: "Stalled",
  lost: "Lost",
};

/** `Queued`, `Running`, ... */
export function stateWord(state: ShownState): string {
  return WORDS[state];
}

/** The word of a node: as {@link stateWord}, and `Not run` for one the job ended without. */
export function nodeStateWord(state: NodeState, stalled = false): string {
  return state === "skipped" ? "Not run" : stateWord(shownNodeState(state, stalled));
}
