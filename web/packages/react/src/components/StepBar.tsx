"use client";

export interface StepBarProps {
  /** Steps done and of how many; absent where the node counts none. */
  value?: number | undefined;
  max?: number | undefined;
  /** Without steps: what it has taken and what it usually takes (ms). */
  elapsedMs?: number | undefined;
  expectedMs?: number | undefined;
  /** Where an earlier attempt stopped. */
  ghost?: { value: number; attempt: number } | undefined;
  height?: 10 | 5;
  label: string;
}

/** The steps of one node. */
export function StepBar(_: StepBarProps) {
  return null;
}
