/** The axis of the timeline. Pure. */
import { stopwatch } from "@comfyui-monitor/react";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const UNITS = [1, 10, 100, SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, 100 * HOUR];
/** 1, 2, 5 of every unit, as far as they stay below the next one. */
const STEPS = UNITS.flatMap((unit, at) => [1, 2, 5].map((times) => times * unit).filter((step) => step < (UNITS[at + 1] ?? Infinity)));

/** The smallest step of 1, 2 or 5 that needs at most `most` of them. */
export function stepFor(totalMs: number, most: number): number {
  return STEPS.find((step) => totalMs / step <= most) ?? Math.ceil(totalMs / most / HOUR) * HOUR;
}

export interface Axis {
  /** The whole width (ms). */
  domainMs: number;
  ticks: { ms: number; label: string }[];
}

/**
 * `room`: how much of it is kept free behind the last bar, as a factor. `isMoving`: whole steps, so that it stands still
 * while estimates change a little.
 */
export function axisOf(totalMs: number, isMoving: boolean, room = 1.03, most = 7): Axis {
  const total = Math.max(totalMs, 10) * room;
  const step = stepFor(total, most);
  const domainMs = isMoving ? Math.ceil(total / step) * step : total;
  const count = Math.floor(domainMs / step + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, at) => ({ ms: at * step, label: tickLabel(at * step, step) }));
  return { domainMs, ticks };
}

/** `0`, `0.2 s`, `10 s`, `60 s`, `1:20`, `2 min`, `1 h`. */
export function tickLabel(ms: number, step: number): string {
  if (ms === 0) return "0";
  if (step < SECOND) return `${+(ms / SECOND).toFixed(3)} s`;
  if (step < MINUTE) return ms <= MINUTE ? `${ms / SECOND} s` : stopwatch(ms);
  if (step < HOUR) return ms < HOUR ? `${ms / MINUTE} min` : `${Math.floor(ms / HOUR)}:${two(Math.round((ms % HOUR) / MINUTE))} h`;
  return `${ms / HOUR} h`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
