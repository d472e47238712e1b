/** What is read off a state: figures that move with time, and the few that need more than one field. */
import type { Eta, Node, ProgressData } from "../types/index.js";
import { foremost, type JobState } from "./reducer.js";

/** The time left as of `now` (ms, the clock of the frames' `now`): what was told last, less the time since. */
export function etaAt({ generation, heardAt }: JobState, now: number): Eta | undefined {
  if (!generation?.eta) return undefined;
  const since = Math.max(0, now - heardAt);
  const left = (ms: number) => Math.max(0, ms - since);
  const { remainingMs, lowMs, highMs } = generation.eta;
  return { remainingMs: left(remainingMs), lowMs: left(lowMs), highMs: left(highMs) };
}

/** How long it has run as of `now` (ms). */
export function elapsedAt({ generation, heardAt, elapsedMs }: JobState, now: number): number {
  if (generation?.durationMs !== undefined) return generation.durationMs;
  return generation?.status === "processing" ? elapsedMs + Math.max(0, now - heardAt) : elapsedMs;
}

/** The node to name when only one can be. */
export function currentNode(state: JobState): ProgressData | undefined {
  return foremost(state.running, state.generation?.criticalNodeId);
}

/** Nodes that have had their turn, in the order of the graph. */
export function nodeHistory({ generation }: JobState): Node[] {
  return generation?.nodes.filter((node) => node.state !== "pending" && node.state !== "running") ?? [];
}

/** The place in the graph of the node that runs (from 0), that of its parent for a child; -1 where none does. */
export function currentNodeIndex(state: JobState): number {
  const current = currentNode(state);
  const place = (id: string | undefined) => state.generation?.nodes.findIndex((node) => node.nodeId === id) ?? -1;
  if (!current) return -1;
  const shown = place(current.displayNodeId);
  return shown >= 0 ? shown : place(current.nodeId);
}

/** Whether it waits, runs, or is between two attempts. */
export function isGenerating({ generation }: JobState): boolean {
  return generation?.status === "pending" || generation?.status === "processing";
}
