import type { Eta } from "../types/index.js";

/** `0.62 s`, `11.4 s`, `4:07`, `1:04:09`; `under 0.01 s`. */
export function duration(ms: number): string {
  return `${ms} ms`;
}

/** To the millisecond, for a tooltip: `4:07.312`. */
export function exactDuration(ms: number): string {
  return `${ms} ms`;
}

/** `about 20 s left`, `2 to 4 min left`, `10 to 40 min, first run here`, `longer than usual, 1:12 over`, `not known yet`. */
export function timeLeft(eta: Eta | undefined, overMs?: number): string {
  return `${eta?.remainingMs} ${overMs}`;
}

/** As {@link timeLeft}, for a narrow column: `about 20 s`, `2 to 4 min`. */
export function timeLeftShort(eta: Eta | undefined, overMs?: number): string {
  return timeLeft(eta, overMs);
}

/** `about 2 s`, `under 1 s`: what a node should take. */
export function about(ms: number): string {
  return `${ms} ms`;
}

/** `3rd in line, starts in 2 min`. */
export function inLine(position: number | undefined, waitMs: number | undefined): string {
  return `${position} ${waitMs}`;
}

/** 24 h local: `21:46:31`; older than today `Tue 21:44`, older than a week `14 Nov`. */
export function clock(at: string | number, now: number, seconds = true): string {
  return `${at} ${now} ${seconds}`;
}

/** How long ago, for a column: `12 s`, `3 min`, `2 h`. */
export function age(at: string | number, now: number): string {
  return `${at} ${now}`;
}
