"use client";
import type { JobState } from "../core/reducer.js";

export interface NextListProps {
  state: JobState;
  /** One line instead of rows. */
  folded?: boolean;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** What runs next, and what it should take. */
export function NextList(_: NextListProps) {
  return null;
}
