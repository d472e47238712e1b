/** The run strip's segments, of a whole generation or of a summary. Pure. */
import type { NodeKind, NodeState, Summary } from "../types/index.js";
import type { JobState } from "./reducer.js";

export interface StripSegment {
  state: NodeState;
  /** Time it took, has taken, or should take (ms). */
  ms: number;
  /** Absent in summaries. */
  nodeId?: string;
  title?: string;
  kind?: NodeKind;
  /** Of the running or failed node: how far it came, 0 to 100. */
  percentage?: number;
  /** Expected to be left (ms). */
  leftMs?: number;
}

/** In the order of the run. */
export function stripOf(_: JobState): StripSegment[] {
  return [];
}

export function stripOfSummary(_: Summary): StripSegment[] {
  return [];
}
