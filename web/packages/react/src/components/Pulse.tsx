"use client";

export interface PulseProps {
  size?: number;
}

/** The sign of life: a still core and a breathing halo; all of a page breathe together. */
export function Pulse(_: PulseProps) {
  return null;
}
