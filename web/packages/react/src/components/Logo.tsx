"use client";

export interface LogoProps {
  size?: number;
  /** Progress of this tab; none: at rest. */
  percentage?: number;
  state?: "idle" | "running" | "done" | "failed";
}

/** The logo, which is the progress of this tab. */
export function Logo(_: LogoProps) {
  return null;
}
