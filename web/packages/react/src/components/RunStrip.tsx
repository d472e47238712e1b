"use client";
import type { StripSegment } from "../core/strip.js";

export interface RunStripProps {
  segments: StripSegment[];
  /** Of the whole job; where the head stands. */
  percentage: number;
  /** `ended`: the light is out. */
  state: "waiting" | "running" | "retrying" | "stalled" | "ended" | "failed";
  height: 14 | 10 | 6 | 4;
  /** What has run so far (ms): shares out the lit part. */
  elapsedMs?: number | undefined;
  /** Names under the segments that have room for theirs (14 px strips). */
  labels?: boolean;
  /** Read out: "66%, K-Sampler runs, 3 of 7 nodes finished". */
  label: string;
  /** The node that is pointed at somewhere on the page, and being pointed at here. */
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** The job itself as a bar: one segment a node, as wide as its time. */
export function RunStrip(_: RunStripProps) {
  return null;
}
