"use client";
import type { ReactNode } from "react";
import type { JobState } from "../core/reducer.js";

export interface OverallProps {
  state: JobState;
  /** What is shown is of an earlier moment: there is no connection. */
  offline?: boolean;
  /** Beside the time left: the message as a chip on the Job page. */
  aside?: ReactNode;
  marked?: string | undefined;
  onMark?: ((nodeId: string | undefined) => void) | undefined;
}

/** Percent, time left, elapsed and clock time, and the strip. */
export function Overall(_: OverallProps) {
  return null;
}
