/** How the time left is said, and how it is kept calm. */
import type { Eta } from "../types/index.js";
import { roughly, stopwatch } from "./time.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** p90 over p10, above which a range is said, and above which it is because nothing like it ran here. */
const WIDE = 1.5;
const UNSURE = 3;

/** `about 20 s left`, `2 to 4 min left`, `10 to 40 min, first run here`, `longer than usual, 1:12 over`, `not known yet`. */
export function timeLeft(eta: Eta | undefined, overMs?: number): string {
  if (overMs !== undefined) return overMs < SECOND ? "longer than usual" : `longer than usual, ${stopwatch(overMs)} over`;
  const left = timeLeftShort(eta);
  if (!eta || left === FEW || left === UNKNOWN) return left;
  return isFirstRun(eta) && left.includes(" to ") ? `${left}, first run here` : `${left} left`;
}

/** As {@link timeLeft}, for a narrow column: `about 20 s`, `2 to 4 min`. */
export function timeLeftShort(eta: Eta | undefined, overMs?: number): string {
  if (overMs !== undefined) return `${stopwatch(overMs)} over`;
  if (!eta) return UNKNOWN;
  if (eta.remainingMs < 5 * SECOND) return FEW;
  return eta.highMs > WIDE * eta.lowMs ? range(eta) : roundly(eta.remainingMs);
}

const FEW = "a few seconds";
const UNKNOWN = "not known yet";

/** `about 20 s`, `about 1 min 10 s`, `about 3 min`. */
function roundly(ms: number): string {
  const fives = Math.round(ms / SECOND / 5) * 5;
  return `about ${roughly(fives <= 60 ? fives * SECOND : ms)}`;
}

function range({ remainingMs, lowMs, highMs }: Eta): string {
  const [step, size, unit] = unitOf(highMs);
  const low = Math.round(lowMs / size / step) * step;
  const high = Math.round(highMs / size / step) * step;
  if (low >= high) return roundly(remainingMs);
  return low === 0 ? `up to ${high} ${unit}` : `${low} to ${high} ${unit}`;
}

function unitOf(highMs: number): [step: number, size: number, unit: string] {
  if (highMs < MINUTE) return [5, SECOND, "s"];
  if (highMs < 2 * MINUTE) return [10, SECOND, "s"];
  if (highMs < 20 * MINUTE) return [1, MINUTE, "min"];
  return highMs < 2 * HOUR ? [5, MINUTE, "min"] : [1, HOUR, "h"];
}

/**
 * Whether the range is wide because little is known, which makes factors of it: above the middle it is far longer than
 * below. Time that passes takes from all three alike, and makes any range look wide towards its end.
 */
function isFirstRun({ remainingMs, lowMs, highMs }: Eta): boolean {
  return highMs > UNSURE * lowMs && highMs - remainingMs > 1.7 * (remainingMs - lowMs);
}

/** A text that may change only so often. */
export interface Steady {
  readonly text: string;
  /** What it is about; of something else, it starts anew. */
  readonly of: string;
  readonly since: number;
  /** What it said before, which it does not go back to lightly. */
  readonly before?: string;
  /** Asked to go back to it since then. */
  readonly backSince?: number;
}

/** How long a text stands at least, and how long the one before it must be asked for to come back. */
const STANDS = 2_000;
const COMES_BACK = 10_000;

/**
 * The text to show when `text` is wanted at `now` (ms): it changes at most every 2 s, and does not flip between two
 * values. Returns `held` itself where nothing changes.
 */
export function steadyText(held: Steady | undefined, text: string, now: number, of = ""): Steady {
  if (!held || held.of !== of) return { text, of, since: now };
  if (text === held.text) return held.backSince === undefined ? held : without(held);
  if (text === held.before) {
    if (held.backSince === undefined) return { ...held, backSince: now };
    if (now - held.backSince < COMES_BACK) return held;
  }
  if (now - held.since < STANDS) return held;
  return { text, of, since: now, before: held.text };
}

function without({ backSince: _, ...held }: Steady): Steady {
  return held;
}
