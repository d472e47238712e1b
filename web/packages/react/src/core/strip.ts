/** The run strip's segments, of a whole generation or of a summary. Pure. */
import type { Node, NodeKind, NodeState, Summary } from "../types/index.js";
import type { JobState } from "./reducer.js";

export interface StripSegment {
  state: NodeState;
  /** Time it took, has taken, or should take (ms); 0 where not known. */
  ms: number;
  /** Absent in summaries. */
  nodeId?: string;
  title?: string;
  kind?: NodeKind;
  /** Of the running or failed node: how far it came, 0 to 100. */
  percentage?: number;
  /** Of the running or failed node: expected to be left (ms). */
  leftMs?: number;
}

/** In the order of the run: what has had its turn, what has it now, what is to come. */
export function stripOf({ generation, running, elapsedMs }: JobState): StripSegment[] {
  const heard = new Map(running.map((node) => [node.nodeId, node]));
  // A child's time is part of that of the node it is displayed under.
  const nodes = generation?.nodes.filter((node) => node.parentNodeId === undefined) ?? [];
  return inOrder(nodes.map((node) => segmentOf(node, heard.get(node.nodeId)?.elapsedMs, elapsedMs)));
}

function segmentOf(node: Node, heardMs: number | undefined, jobMs: number): StripSegment {
  const { nodeId, title, kind, state, percentage, expectedMs } = node;
  const named = { state, nodeId, title, kind };
  if (state === "cached") return { ...named, ms: 0 };
  if (state === "pending" || state === "skipped") return { ...named, ms: expectedMs ?? 0 };
  const ms = Math.min(node.durationMs ?? heardMs ?? node.elapsedMs ?? 0, Math.max(jobMs, node.durationMs ?? 0) || Infinity);
  if (state === "finished") return { ...named, ms };
  const leftMs = leftOf(ms, percentage, expectedMs);
  return { ...named, ms, ...(percentage !== undefined && { percentage }), ...(leftMs !== undefined && { leftMs }) };
}

/** By its steps where it counts them, else by what it usually takes. */
function leftOf(ms: number, percentage: number | undefined, expectedMs: number | undefined): number | undefined {
  if (percentage !== undefined && percentage > 0 && ms > 0) return (ms * (100 - percentage)) / percentage;
  return expectedMs === undefined ? undefined : Math.max(0, expectedMs - ms);
}

/** Of a summary; its running segment has what it takes in all, of which the job's percentage tells how much is done. */
export function stripOfSummary({ strip, current, overallPercentage }: Summary): StripSegment[] {
  const total = strip.reduce((sum, { ms }) => sum + ms, 0);
  const finished = strip.reduce((sum, { ms, state }) => (state === "finished" ? sum + ms : sum), 0);
  const steps = current?.value !== undefined && current.max ? (100 * current.value) / current.max : undefined;
  const segments = strip.map(({ state, ms }): StripSegment => {
    if (state !== "running") return { state, ms };
    const byJob = Math.max(0, (total * overallPercentage) / 100 - finished);
    const tookMs = Math.min(ms, steps === undefined ? byJob : (ms * steps) / 100);
    const named = current && { nodeId: current.nodeId, title: current.title, kind: current.kind };
    return { ...named, state, ms: tookMs, leftMs: ms - tookMs, ...(steps !== undefined && { percentage: steps }) };
  });
  return inOrder(segments);
}

const TURN: Record<NodeState, number> = { cached: 0, finished: 0, running: 1, error: 1, interrupted: 1, pending: 2, skipped: 2 };

function inOrder(segments: StripSegment[]): StripSegment[] {
  return segments.toSorted((a, b) => TURN[a.state] - TURN[b.state]);
}
