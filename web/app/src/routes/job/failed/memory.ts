/** GPU memory of an attempt as a curve. Pure. */
import type { Attempt, Reading } from "@comfyui-monitor/react";

/** Readings are taken every 10 s: one before and one after belong to it too. */
const AROUND = 10_500;

export function readingsOf(readings: readonly Reading[], attempt: Pick<Attempt, "startedAt" | "completedAt"> | undefined): Reading[] {
  if (!attempt?.startedAt || !attempt.completedAt) return [];
  const [from, to] = [Date.parse(attempt.startedAt) - AROUND, Date.parse(attempt.completedAt)];
  return readings.filter(({ t }) => Date.parse(t) >= from && Date.parse(t) <= to);
}

export interface Curve {
  line: string;
  area: string;
  endX: number;
  totalBytes: number;
  mostBytes: number;
  firstBytes: number;
  lastBytes: number;
}

/** In a square of 100; the limit lies at 8 from the top. Fewer than three readings tell no course. */
export function curveOf(readings: readonly Reading[]): Curve | undefined {
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last || readings.length < 3 || !(last.totalBytes > 0)) return undefined;
  const [from, to] = [Date.parse(first.t), Date.parse(last.t)];
  const endX = 88;
  const x = ({ t }: Reading) => round(((Date.parse(t) - from) / Math.max(1, to - from)) * endX);
  const y = ({ usedBytes }: Reading) => round(100 - Math.min(1, usedBytes / last.totalBytes) * 92);
  const line = readings.map((reading, at) => `${at === 0 ? "M" : "L"}${x(reading)},${y(reading)}`).join(" ");
  const mostBytes = Math.max(...readings.map(({ usedBytes }) => usedBytes));
  return { line, area: `${line} V100 H0 Z`, endX, totalBytes: last.totalBytes, mostBytes, firstBytes: first.usedBytes, lastBytes: last.usedBytes };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
