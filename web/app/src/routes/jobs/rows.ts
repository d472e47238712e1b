/** From jobs to the rows of the list: groups, and what stands in each. Pure. */
import { newestFirst } from "@comfyui-monitor/react";
import { dayStart } from "./filters.js";
import type { Entry } from "./pages.js";

/** The jobs of the list by group, each newest first; those that have ended as far as they were heard of live. */
export interface Listed {
  running: readonly Entry[];
  waiting: readonly Entry[];
  ended: readonly Entry[];
}

export type Row =
  | { kind: "group"; key: string; group: "running" | "waiting" | "day"; title: string; count: number | undefined }
  | { kind: "job"; key: string; queueId: string; isWaiting: boolean }
  | { kind: "folded"; key: string; count: number }
  /** Where the next page will be. */
  | { kind: "end"; key: string };

/** Waiting jobs above which the middle of the line is folded, and how many are left at either end. */
const FOLDS_ABOVE = 8;
const ENDS = 3;

export interface Shown extends Listed {
  pages: readonly Entry[];
  /** Whether there are older ones than in `pages`. */
  more: boolean;
  /** Whether a long line of waiting jobs is folded. */
  folds: boolean;
  now: number;
}

export function rowsOf({ running, waiting, ended, pages, more, folds, now }: Shown): Row[] {
  const rows: Row[] = [];
  if (running.length > 0) {
    rows.push({ kind: "group", key: "running", group: "running", title: "Running", count: running.length });
    for (const { queueId } of running) rows.push({ kind: "job", key: queueId, queueId, isWaiting: false });
  }
  if (waiting.length > 0) {
    rows.push({ kind: "group", key: "waiting", group: "waiting", title: "Waiting", count: waiting.length });
    const all = waiting.map(({ queueId }): Row => ({ kind: "job", key: queueId, queueId, isWaiting: true }));
    // The newest, and those that start next.
    if (folds && all.length > FOLDS_ABOVE) all.splice(ENDS, all.length - 2 * ENDS, { kind: "folded", key: "folded", count: all.length - 2 * ENDS });
    // One by one: a line of thousands is more than a call takes arguments.
    for (const row of all) rows.push(row);
  }
  const above = new Set([...running, ...waiting].map(({ queueId }) => queueId));
  pushDays(rows, joined(ended, pages, more).filter(({ queueId }) => !above.has(queueId)), more, now);
  if (more) rows.push({ kind: "end", key: "end" });
  return rows;
}

/** The height of a row, in pixels. */
export function sizeOf(row: Row | undefined, isPhone: boolean): number {
  if (row?.kind === "group") return 42;
  if (row?.kind === "end") return isPhone ? 136 : 88;
  if (isPhone && row?.kind === "job") return 68;
  return row?.kind === "job" && !row.isWaiting ? 44 : 36;
}

/** The heading that the row at `index` is under. */
export function headerAbove(rows: readonly Row[], index: number): number {
  for (let at = Math.min(index, rows.length - 1); at >= 0; at--) if (rows[at]?.kind === "group") return at;
  return -1;
}

/** The rows to render for a range in view: some around it, and the heading it is under. */
export function inReach(rows: readonly Row[], range: { startIndex: number; endIndex: number; overscan: number; count: number }): number[] {
  const from = Math.max(0, range.startIndex - range.overscan);
  const to = Math.min(range.count - 1, range.endIndex + range.overscan);
  const indexes = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
  const header = headerAbove(rows, range.startIndex);
  return header >= 0 && header < from ? [header, ...indexes] : indexes;
}

/** Live ones among those of the pages; those that are older than all pages wait for theirs. */
function joined(ended: readonly Entry[], pages: readonly Entry[], more: boolean): Entry[] {
  const known = new Set(pages.map(({ queueId }) => queueId));
  const oldest = pages.at(-1);
  const fresh = ended.filter((entry) => !known.has(entry.queueId) && !(more && oldest && newestFirst(entry, oldest) > 0));
  return fresh.length === 0 ? [...pages] : [...fresh, ...pages].sort(newestFirst);
}

function pushDays(rows: Row[], entries: Entry[], more: boolean, now: number): void {
  const today = dayStart(now);
  let header: Extract<Row, { kind: "group" }> | undefined;
  let from = Infinity;
  let count = 0;
  for (const { queueId, createdAt } of entries) {
    const at = Date.parse(createdAt);
    if (at < from) {
      if (header) header.count = count;
      // Of a clock that is ahead, tomorrow is today.
      from = Math.min(dayStart(at), today);
      count = 0;
      header = { kind: "group", key: `day-${from}`, group: "day", title: dayTitle(from, today), count: undefined };
      rows.push(header);
    }
    count += 1;
    rows.push({ kind: "job", key: queueId, queueId, isWaiting: false });
  }
  // How many there are on the last of them is only known at the end.
  if (header && !more) header.count = count;
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

function dayTitle(day: number, today: number): string {
  const date = new Date(day);
  const ago = Math.round((today - day) / 86_400_000);
  if (ago <= 0) return "Earlier today";
  if (ago === 1) return "Yesterday";
  if (ago < 7) return WEEKDAYS[date.getDay()] ?? "";
  const name = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === new Date(today).getFullYear() ? name : `${name} ${date.getFullYear()}`;
}

/** Those of `now` that are not among the rows of `held`. */
export function newcomers(held: Listed, now: Listed): number {
  if (held === now) return 0;
  const all = ({ running, waiting, ended }: Listed) => [...running, ...waiting, ...ended];
  const known = new Set(all(held).map(({ queueId }) => queueId));
  const newest = all(held).reduce((latest, { createdAt }) => (createdAt > latest ? createdAt : latest), "");
  return all(now).filter(({ queueId, createdAt }) => !known.has(queueId) && createdAt > newest).length;
}
