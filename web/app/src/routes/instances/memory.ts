/** GPU memory over 30 min as paths of an SVG. Pure. */
import type { Reading } from "@comfyui-monitor/react";

export const WINDOW_MS = 30 * 60_000;
/** Read every 10 s: longer without a word is a gap. */
const GAP_MS = 45_000;

export interface MemoryPaths {
  /** What was heard. */
  line: string;
  /** Under it, closed. */
  area: string;
  /** Over gaps, and from the last word to now. */
  silent: string;
}

interface Point {
  x: number;
  y: number;
  t: number;
}

/** The paths in a box of `width` by `height` whose right edge is `end` and whose upper one is all the memory there is. */
export function memoryPaths(readings: readonly Reading[], end: number, width: number, height: number): MemoryPaths {
  const start = end - WINDOW_MS;
  const points: Point[] = readings.flatMap(({ t, usedBytes, totalBytes }) => {
    const at = Date.parse(t);
    if (!(at >= start && at <= end) || !(totalBytes > 0)) return [];
    const used = Math.min(1, Math.max(0, usedBytes / totalBytes));
    return [{ x: ((at - start) / WINDOW_MS) * width, y: (1 - used) * height, t: at }];
  });
  const runs: Point[][] = [];
  for (const point of points) {
    const before = runs.at(-1)?.at(-1);
    if (before && point.t - before.t <= GAP_MS) runs.at(-1)?.push(point);
    else runs.push([point]);
  }
  const bridges = runs.slice(1).map((run, i) => [runs[i]?.at(-1), run[0]] as const);
  const last = points.at(-1);
  const tail = last && end - last.t > GAP_MS ? `M${at(last)}H${round(width)}` : "";
  return {
    line: runs.map(lineOf).join(""),
    area: runs.map((run) => areaOf(run, height)).join(""),
    silent: bridges.map(([from, to]) => (from && to ? `M${at(from)}L${at(to)}` : "")).join("") + tail,
  };
}

function lineOf(run: Point[]): string {
  const [first] = run;
  if (!first) return "";
  // One reading alone is a dot, which a round cap draws.
  return run.length === 1 ? `M${at(first)}h0.01` : `M${run.map(at).join("L")}`;
}

function areaOf(run: Point[], height: number): string {
  const first = run[0];
  const last = run.at(-1);
  if (!first || !last || run.length === 1) return "";
  return `M${round(first.x)} ${round(height)}L${run.map(at).join("L")}L${round(last.x)} ${round(height)}Z`;
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Old and new readings together: in order, each once, those of the window alone. */
export function mergedReadings(known: readonly Reading[], fresh: readonly Reading[]): Reading[] {
  const byTime = new Map([...known, ...fresh].map((reading) => [reading.t, reading]));
  const all = [...byTime.values()].toSorted((one, other) => (one.t < other.t ? -1 : 1));
  const newest = all.at(-1);
  const from = newest ? Date.parse(newest.t) - WINDOW_MS : 0;
  return all.filter(({ t }) => Date.parse(t) >= from);
}

/** The most that was used in the time that is shown. */
export function peakOf(readings: readonly Reading[]): Reading | undefined {
  return readings.reduce<Reading | undefined>(
    (peak, reading) => (peak && peak.usedBytes >= reading.usedBytes ? peak : reading),
    undefined,
  );
}
