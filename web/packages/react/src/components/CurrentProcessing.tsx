"use client";
import type { JobState } from "../core/reducer.js";

export interface CurrentProcessingProps {
  state: JobState;
}

/** The panel of the node that runs: name, state, pulse, steps, message; other running nodes as lanes. */
export function CurrentProcessing(_: CurrentProcessingProps) {
  return null;
}
