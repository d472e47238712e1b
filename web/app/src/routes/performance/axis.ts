/** The log axis of durations that all rows share. Pure. */
import type { ClassPerformance } from "@comfyui-monitor/react";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Where the axis may begin, end and be marked. */
const MARKS: readonly [ms: number, label: string][] = [
  [1, "1 ms"],
  [10, "10 ms"],
  [100, "0.1 s"],
  [SECOND, "1 s"],
  [10 * SECOND, "10 s"],
  [MINUTE, "1 min"],
  [10 * MINUTE, "10 min"],
  [HOUR, "1 h"],
  [10 * HOUR, "10 h"],
  [100 * HOUR, "100 h"],
];

/** Labels that fit side by side. */
const MOST_LABELS = 6;

export interface Axis {
  minMs: number;
  maxMs: number;
  /** `at` in percent of the width. */
  marks: { at: number; label: string }[];
}

/** From the mark under the shortest run to the one over the longest. */
export function axisOf(items: readonly Pick<ClassPerformance, "ticks" | "medianMs">[]): Axis {
  let [shortest, longest] = [Infinity, 0];
  for (const { ticks, medianMs } of items) {
    shortest = Math.min(shortest, ticks[0] ?? medianMs);
    longest = Math.max(longest, ticks.at(-1) ?? medianMs);
  }
  if (longest === 0) [shortest, longest] = [1, 10];
  const first = Math.max(0, MARKS.findLastIndex(([ms]) => ms <= shortest));
  const over = MARKS.findIndex(([ms]) => ms >= longest);
  const last = Math.max(first + 1, over < 0 ? MARKS.length - 1 : over);
  const minMs = MARKS[first]?.[0] ?? 1;
  const maxMs = MARKS[last]?.[0] ?? 10;
  const all = MARKS.slice(first, last + 1);
  const every = Math.ceil(all.length / MOST_LABELS);
  const marks = all.filter((_, i) => i % every === 0).map(([ms, label]) => ({ at: placeOf(ms, { minMs, maxMs }), label }));
  return { minMs, maxMs, marks };
}

/** In percent of the width; what is out of the axis stands at its end. */
export function placeOf(ms: number, { minMs, maxMs }: Pick<Axis, "minMs" | "maxMs">): number {
  const within = Math.min(maxMs, Math.max(minMs, ms));
  return (Math.log(within / minMs) / Math.log(maxMs / minMs)) * 100;
}

/** Ticks as one path in a box 100 wide: those that would cover each other are drawn once. */
export function ticksPath(ticks: readonly number[], axis: Axis, top: number, height: number): string {
  const places = new Set(ticks.map((ms) => Math.round(placeOf(ms, axis) * 4) / 4));
  return [...places].map((x) => `M${x} ${top}v${height}`).join("");
}
