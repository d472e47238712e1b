/** Where the segments of a run strip are. Pure. */
import type { NodeState } from "../types/index.js";
import type { StripSegment } from "./strip.js";

/** What a cell of the strip looks like; `pending` also what was never run. */
export type CellLook = "finished" | "cached" | "running" | "failed" | "interrupted" | "pending";

/** One of several nodes that run at once, in one cell. */
export interface StripLane {
  look: CellLook;
  /** How much of the cell is lit, 0 to 1. */
  lit: number;
  segment: StripSegment;
}

export interface StripCell {
  /** The same from layout to layout as long as it is about the same. */
  key: string;
  look: CellLook;
  /** In pixels, without the gap before it. */
  x: number;
  width: number;
  /** How much of it is lit, 0 to 1. */
  lit: number;
  /** Those that are in it; none where nothing is known. */
  segments: StripSegment[];
  /** What it is named after: the longest. */
  main?: StripSegment;
  /** More than one: it is split in height. */
  lanes: StripLane[];
}

export interface LaidOutStrip {
  cells: StripCell[];
  /** Where the lit part ends, in pixels: at the job's percentage, always. */
  head: number;
  width: number;
  gap: number;
}

interface Cell {
  look: CellLook;
  /** With the gap before it. */
  span: number;
  segments: StripSegment[];
}

const LEAST = 3;
const LOOKS: Record<NodeState, CellLook> = {
  finished: "finished",
  cached: "cached",
  running: "running",
  error: "failed",
  interrupted: "interrupted",
  pending: "pending",
  skipped: "pending",
};

/**
 * Lays segments out on `widthPx` pixels. The head stands at `percentage`, always. Left of it: what came from the cache,
 * which costs no time, at a few pixels each; then finished nodes at their share of the time, and what runs with the
 * rest. Right of it: what is left of that, and of those to come, by expected time.
 */
export function laidOutStrip(segments: StripSegment[], percentage: number, elapsedMs: number | undefined, widthPx: number, height: number): LaidOutStrip {
  const gap = height < 8 ? 1 : 2;
  const width = Math.max(0, widthPx || 0);
  const head = (width * Math.min(100, Math.max(0, percentage || 0))) / 100;
  const done = segments.filter(({ state }) => state === "finished" || state === "cached");
  const now = segments.filter(({ state }) => LOOKS[state] !== "pending" && state !== "finished" && state !== "cached");
  const ahead = segments.filter(({ state }) => LOOKS[state] === "pending");

  if (done.length === segments.length && done.length > 0 && done.every(({ state }) => state === "cached")) {
    return { cells: placed([{ look: "cached", span: width, segments: done }], head, gap), head, width, gap };
  }

  const cached = done.filter(({ state }) => state === "cached").length;
  const cachedSpan = Math.min(cached * ((height < 8 ? 3 : 8) + gap), width / 5, head / 2);
  const finishedMs = sum(done);
  const elapsed = Math.max(elapsedMs ?? 0, finishedMs + Math.max(0, ...now.map(({ ms }) => ms)));
  const litSpan = head - cachedSpan;
  const someFinished = done.length > cached;
  let finishedSpan = !someFinished ? 0 : now.length === 0 ? litSpan : elapsed > 0 ? (litSpan * finishedMs) / elapsed : 0;
  let nowLit = litSpan - finishedSpan;

  // A light narrower than the gap before it would be hidden by it.
  if (nowLit < gap && someFinished) [finishedSpan, nowLit] = [litSpan, 0];
  const doneCells = done.length === 0 || cachedSpan + finishedSpan < LEAST ? [] : doneOf(done, cachedSpan / Math.max(1, cached), finishedSpan, LEAST + gap);
  if (doneCells.length === 0) nowLit = head;

  const [nowLeft, aheadSpan] = sharedAhead(now, ahead, width - head, typical([...done, ...ahead]));
  const [left, aheadRoom] = roomFor(nowLit, nowLeft, aheadSpan, now.length > 0 ? LEAST + gap : 0);
  const cells = [...doneCells];
  if (nowLit + left > 0) cells.push({ look: now[0] ? LOOKS[now[0].state] : nowLit > 0 ? "running" : "pending", span: nowLit + left, segments: now });
  cells.push(...aheadOf(ahead, aheadRoom, LEAST + gap));
  return { cells: placed(cells, head, gap), head, width, gap };
}

function doneOf(done: StripSegment[], eachCached: number, finishedSpan: number, least: number): Cell[] {
  const total = sum(done);
  const count = done.filter(({ state }) => state === "finished").length;
  const share = (ms: number) => (total > 0 ? ms / total : 1 / count);
  const cells = done.map((segment): Cell => {
    const span = segment.state === "cached" ? eachCached : finishedSpan * share(segment.ms);
    return { look: LOOKS[segment.state], span, segments: [segment] };
  });
  return merged(cells, least);
}

function aheadOf(ahead: StripSegment[], room: number, least: number): Cell[] {
  if (room <= 0) return [];
  if (ahead.length === 0) return [{ look: "pending", span: room, segments: [] }];
  const usual = typical(ahead);
  const total = ahead.reduce((all, { ms }) => all + (ms || usual), 0);
  const cells = ahead.map((segment): Cell => ({ look: "pending", span: (room * (segment.ms || usual)) / total, segments: [segment] }));
  return merged(cells, least);
}

/** The unlit part by expected time: what is left of those that run, and those to come. */
function sharedAhead(now: StripSegment[], ahead: StripSegment[], unlit: number, usual: number): [nowLeft: number, ahead: number] {
  if (now.length === 0) return [0, unlit];
  if (ahead.length === 0) return [unlit, 0];
  // What is past its expected end still runs, and needs its place.
  const nowMs = Math.max(500, ...now.map(({ leftMs }) => leftMs ?? usual));
  const aheadMs = ahead.reduce((total, { ms }) => total + (ms || usual), 0);
  const nowLeft = (unlit * nowMs) / (nowMs + aheadMs);
  return [nowLeft, unlit - nowLeft];
}

/** What runs is seen however short it is, and what is ahead is either seen or part of it. */
function roomFor(nowLit: number, nowLeft: number, ahead: number, least: number): [nowLeft: number, ahead: number] {
  if (least === 0) return [nowLeft, ahead];
  const taken = Math.min(ahead, Math.max(0, least - nowLit - nowLeft));
  const rest = ahead - taken;
  return rest < least ? [nowLeft + ahead, 0] : [nowLeft + taken, rest];
}

/** Neighbours too narrow to be seen become one. */
function merged(cells: Cell[], least: number): Cell[] {
  const wide: Cell[] = [];
  for (const cell of cells) {
    const last = wide.at(-1);
    if (last && last.span < least) wide[wide.length - 1] = joined(last, cell);
    else wide.push(cell);
  }
  const last = wide.at(-1);
  const before = wide.at(-2);
  if (last && before && last.span < least) wide.splice(-2, 2, joined(before, last));
  return wide;
}

function joined(a: Cell, b: Cell): Cell {
  return { look: a.span > b.span ? a.look : b.look, span: a.span + b.span, segments: [...a.segments, ...b.segments] };
}

function placed(cells: Cell[], head: number, gap: number): StripCell[] {
  let from = 0;
  return cells.map(({ look, span, segments }, at) => {
    const before = at === 0 ? 0 : Math.min(gap, span);
    const x = from + before;
    const width = span - before;
    from += span;
    const lit = look === "cached" || width === 0 ? 0 : Math.min(1, Math.max(0, (head - x) / width));
    const main = segments.reduce<StripSegment | undefined>((most, one) => (most && most.ms >= one.ms ? most : one), undefined);
    const splits = look !== "finished" && look !== "cached" && look !== "pending" && segments.length > 1;
    return { key: keyOf(look, main, at), look, x, width, lit, segments, ...(main && { main }), lanes: splits ? lanesOf(segments, lit) : [] };
  });
}

/** The one that is furthest stands at the head, the others in proportion to it. */
function lanesOf(segments: StripSegment[], lit: number): StripLane[] {
  const far = segments.map(({ percentage, ms, leftMs }) => percentage ?? (leftMs === undefined ? 100 : (100 * ms) / Math.max(1, ms + leftMs)));
  const furthest = Math.max(1, ...far);
  return segments.map((segment, at) => ({ look: LOOKS[segment.state], segment, lit: lit * ((far[at] ?? 0) / furthest) }));
}

function keyOf(look: CellLook, main: StripSegment | undefined, at: number): string {
  return main?.nodeId ?? `${look} ${at}`;
}

/** For those of which nothing is known: as long as the others are. */
function typical(segments: StripSegment[]): number {
  const known = segments.filter(({ ms }) => ms > 0);
  return known.length === 0 ? 1_000 : sum(known) / known.length;
}

function sum(segments: StripSegment[]): number {
  return segments.reduce((total, { ms }) => total + ms, 0);
}
