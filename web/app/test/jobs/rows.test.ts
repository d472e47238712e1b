import { expect, test } from "vitest";
import { headerAbove, inReach, newcomers, rowsOf, type Row } from "../../src/routes/jobs/rows.js";
import { AT, iso } from "./summary.js";

const DAY = 86_400_000;
const noon = new Date(AT).setHours(12, 0, 0, 0);
const entry = (queueId: string, at = noon) => ({ queueId, createdAt: iso(at) });
const many = (prefix: string, length: number, at = noon) => Array.from({ length }, (_, n) => entry(`${prefix}${n}`, at - n));
const nothing = { running: [], waiting: [], ended: [], pages: [], more: false, folds: true, now: AT };

function said(rows: Row[]) {
  return rows.map((row) => (row.kind === "group" ? `${row.title} ${row.count}` : row.kind === "job" ? row.queueId : row.kind === "folded" ? `${row.count} more` : "end"));
}

test("those that run come first, then those that wait, then the others by day", () => {
  const pages = [entry("a"), entry("b", noon - DAY), entry("c", noon - 3 * DAY), entry("d", noon - 9 * DAY), entry("e", noon - 400 * DAY)];
  const rows = rowsOf({ ...nothing, running: [entry("r")], waiting: [entry("w")], pages });
  expect(said(rows)).toEqual([
    "Running 1", "r", "Waiting 1", "w", "Earlier today 1", "a", "Yesterday 1", "b", "Saturday 1", "c", "15 November 1", "d", "20 October 2025 1", "e",
  ]);
});

test("a day that is not known to its end has no number", () => {
  const rows = rowsOf({ ...nothing, pages: [entry("a"), entry("b", noon - DAY)], more: true });
  expect(said(rows)).toEqual(["Earlier today 1", "a", "Yesterday undefined", "b", "end"]);
});

test("a job that ended meanwhile comes in at its place, once; one that is older than the pages waits for its page", () => {
  const pages = [entry("a", noon), entry("c", noon - 2000)];
  const ended = [entry("new", noon + 1), entry("a", noon), entry("b", noon - 1000), entry("old", noon - 9000)];
  expect(said(rowsOf({ ...nothing, ended, pages, more: true }))).toEqual(["Earlier today undefined", "new", "a", "b", "c", "end"]);
  expect(said(rowsOf({ ...nothing, ended, pages }))).toContain("old");
});

test("a row that is kept among those that run is not listed twice when it has ended", () => {
  expect(said(rowsOf({ ...nothing, running: [entry("a")], pages: [entry("a"), entry("b")] }))).toEqual(["Running 1", "a", "Earlier today 1", "b"]);
});

test("of a long line the middle is folded: the newest stay, and those that are next", () => {
  const waiting = many("w", 12);
  expect(said(rowsOf({ ...nothing, waiting }))).toEqual(["Waiting 12", "w0", "w1", "w2", "6 more", "w9", "w10", "w11"]);
  expect(rowsOf({ ...nothing, waiting, folds: false }).length).toBe(13);
});

test("200,000 waiting jobs do no harm", () => {
  expect(rowsOf({ ...nothing, waiting: many("w", 200_000), folds: false }).length).toBe(200_001);
});

test("the heading of what is in view is rendered, however far up it is", () => {
  const rows = rowsOf({ ...nothing, running: many("r", 50), pages: many("a", 50) });
  const range = { startIndex: 40, endIndex: 45, overscan: 2, count: rows.length };
  expect(inReach(rows, range)).toEqual([0, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47]);
  expect([headerAbove(rows, 52), headerAbove(rows, 0), headerAbove([], 0)]).toEqual([51, 0, -1]);
});

test("only jobs that were submitted since are new", () => {
  const held = { running: [entry("r")], waiting: [entry("w")], ended: [] };
  const now = { running: [entry("w")], waiting: [entry("n1", noon + 5), entry("n2", noon + 6)], ended: [entry("r"), entry("older", noon - 99)] };
  expect([newcomers(held, now), newcomers(now, now)]).toEqual([2, 0]);
});
