"use client";
import type { JobState } from "../core/reducer.js";
import type { Output } from "../types/index.js";

export interface ResultsProps {
  outputs: Output[];
  /** The job whose picture is on its way: its tile comes first, with its edge light. */
  pending?: JobState | undefined;
  title: string;
  seed?: string | undefined;
  onOpen: (index: number) => void;
}

/** Results as tiles, of every kind of media. */
export function Results(_: ResultsProps) {
  return null;
}
