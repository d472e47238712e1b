import { useRef } from "react";

/** A glide shorter than that is not seen, a longer one lags. */
const SHORTEST = 120;
const LONGEST = 800;

/**
 * How long (ms) to glide to `value`: as long as it took to come, so that what steps seems to flow, and is never ahead
 * of what was reported. 0 the first time, and where it falls: that is a jump.
 */
export function useGlide(value: number | undefined): number {
  const last = useRef<{ value: number | undefined; at: number; ms: number }>(undefined);
  if (last.current === undefined || last.current.value !== value) {
    last.current = glide(last.current, value, performance.now());
  }
  return last.current.ms;
}

/** What {@link useGlide} keeps. */
export function glide(last: { value: number | undefined; at: number } | undefined, value: number | undefined, now: number) {
  const rises = last?.value !== undefined && value !== undefined && value > last.value;
  const ms = rises ? Math.round(Math.min(LONGEST, Math.max(SHORTEST, now - last.at))) : 0;
  return { value, at: now, ms };
}
