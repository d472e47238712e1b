"use client";
import type { JobState } from "../core/reducer.js";

export interface FinishedListProps {
  state: JobState;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** Nodes that have had their turn, newest last. */
export function FinishedList(_: FinishedListProps) {
  return null;
}
