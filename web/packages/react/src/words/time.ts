import { count, ordinal } from "./numbers.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `0.62 s`, `11.4 s`, `4:07`, `1:04:09`; `under 0.01 s`. Never more than has passed. */
export function duration(ms: number): string {
  if (!(ms >= 10)) return "under 0.01 s";
  if (ms < SECOND) return `${floored(ms, 2)} s`;
  if (ms < MINUTE) return `${floored(ms, 1)} s`;
  return stopwatch(ms);
}

/** What a clock beside something that runs shows: `0:41`, `4:07`, `1:04:09`. */
export function stopwatch(ms: number): string {
  const total = Math.floor(Math.max(0, ms || 0) / SECOND);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours > 0 ? `${count(hours)}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** To the millisecond, for a tooltip: `4:07.312`, `11.402 s`. */
export function exactDuration(ms: number): string {
  const whole = Math.round(Math.max(0, ms || 0));
  if (whole < MINUTE) return `${(whole / SECOND).toFixed(3)} s`;
  return `${stopwatch(whole)}.${String(whole % SECOND).padStart(3, "0")}`;
}

/** `1.90 s per step`. */
export function perStep(ms: number): string {
  if (ms < 10) return "under 0.01 s per step";
  return ms < 10 * SECOND ? `${floored(ms, 2)} s per step` : `${duration(ms)} per step`;
}

/** A time to go by: `under 1 s`, `11 s`, `1 min 20 s`, `4 min`, `1 h 40 min`. */
export function roughly(ms: number): string {
  if (!(ms >= SECOND)) return "under 1 s";
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  const tens = Math.round(ms / SECOND / 10) * 10;
  if (tens < 120) return tens % 60 === 0 ? `${tens / 60} min` : `1 min ${tens - 60} s`;
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  const fives = Math.round(minutes / 5) * 5;
  const hours = Math.floor(fives / 60);
  return fives % 60 === 0 || hours >= 10 ? `${count(Math.round(fives / 60))} h` : `${hours} h ${fives % 60} min`;
}

/** `about 2 s`, `under 1 s`: what a node should take. */
export function about(ms: number): string {
  return ms >= SECOND ? `about ${roughly(ms)}` : roughly(ms);
}

/** `3rd in line, starts in 2 min`. */
export function inLine(position: number | undefined, waitMs: number | undefined): string {
  const place = position === undefined ? "waiting" : `${ordinal(Math.max(1, position))} in line`;
  if (waitMs === undefined) return place;
  return `${place}, starts in ${waitMs < 5 * SECOND ? "a few seconds" : roughly(waitMs)}`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 24 h local: `21:46:31`; older than today `Tue 21:44`, older than a week `14 Nov`, of another year `14 Nov 2025`. */
export function clock(at: string | number, now: number, seconds = true): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (Number.isNaN(then.getTime())) return "";
  const time = `${two(then.getHours())}:${two(then.getMinutes())}`;
  if (then.toDateString() === today.toDateString()) return seconds ? `${time}:${two(then.getSeconds())}` : time;
  if (Math.abs(today.getTime() - then.getTime()) < 7 * DAY) return `${DAYS[then.getDay()]} ${time}`;
  const date = `${then.getDate()} ${MONTHS[then.getMonth()]}`;
  return then.getFullYear() === today.getFullYear() ? date : `${date} ${then.getFullYear()}`;
}

/** On hover: `2026-11-14T20:46:31.120Z`. */
export function isoTime(at: string | number): string {
  const then = new Date(at);
  return Number.isNaN(then.getTime()) ? "" : then.toISOString();
}

/** How long ago, for a column: `12 s`, `3 min`, `2 h`, `5 d`. */
export function age(at: string | number, now: number): string {
  const ms = Math.max(0, now - new Date(at).getTime());
  if (Number.isNaN(ms)) return "";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  return ms < DAY ? `${Math.floor(ms / HOUR)} h` : `${count(Math.floor(ms / DAY))} d`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function floored(ms: number, digits: 1 | 2): string {
  const unit = digits === 1 ? 100 : 10;
  return (Math.floor(ms / unit) / 10 ** digits).toFixed(digits);
}
