import { expect, test } from "vitest";
import { UNKNOWN, withFrame, withSnapshot } from "../src/core/reducer.js";
import { stripOf, stripOfSummary, type StripSegment } from "../src/core/strip.js";
import { laidOutStrip, type LaidOutStrip } from "../src/core/stripLayout.js";
import type { NodeState, Summary } from "../src/types/index.js";
import { jobs } from "./golden.js";

const segment = (state: NodeState, ms: number, more: Partial<StripSegment> = {}): StripSegment => ({ state, ms, ...more });

/** As a job of the design's pictures: two thirds done, in its sampler. */
const LIGHTHOUSE = [
  segment("finished", 11_400, { nodeId: "4" }),
  segment("finished", 620, { nodeId: "6" }),
  segment("cached", 0, { nodeId: "5" }),
  segment("running", 28_500, { nodeId: "3", percentage: 75, leftMs: 9_500 }),
  segment("pending", 2_000, { nodeId: "8" }),
  segment("pending", 9_000, { nodeId: "10" }),
  segment("pending", 700, { nodeId: "9" }),
];

/** Where the light, and what came from the cache, ends. */
function litEnd({ cells }: LaidOutStrip): number {
  return Math.max(0, ...cells.map(({ look, x, width, lit }) => (look === "cached" ? x + width : lit > 0 ? x + width * lit : 0)));
}

function holds(strip: LaidOutStrip, about: string) {
  const { cells, width, gap, head } = strip;
  let from = 0;
  cells.forEach((cell, at) => {
    if (at === 0) expect(cell.x, about).toBe(0);
    else if (cell.width > 0) expect(cell.x, about).toBeCloseTo(from + gap, 6);
    expect(cell.width, about).toBeGreaterThanOrEqual(0);
    expect(cell.lit, about).toBeGreaterThanOrEqual(0);
    expect(cell.lit, about).toBeLessThanOrEqual(1);
    for (const lane of cell.lanes) expect(lane.lit, about).toBeLessThanOrEqual(cell.lit);
    from = cell.x + cell.width;
  });
  expect(from, about).toBeCloseTo(width, 6);
  if (cells.some(({ look, lit }) => look !== "cached" && lit > 0)) expect(litEnd(strip), about).toBeCloseTo(head, 6);
}

/** The same numbers every time. */
function dice(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

const STATES: NodeState[] = ["finished", "cached", "running", "error", "interrupted", "pending", "skipped"];

test("whatever a job is made of, the head stands at its percentage and the cells fill the width", () => {
  const roll = dice(7);
  for (let round = 0; round < 3_000; round += 1) {
    const segments = Array.from({ length: roll(round % 50 === 0 ? 300 : 14) }, () => {
      const state = STATES[roll(STATES.length)] as NodeState;
      const more = state === "running" && roll(2) ? { percentage: roll(101), leftMs: roll(60_000) } : {};
      return segment(state, state === "cached" ? 0 : roll(4) * roll(30_000), more);
    });
    const percentage = roll(10_001) / 100;
    const width = [46, 150, 180, 715][roll(4)] as number;
    const height = [4, 6, 10, 14][roll(4)] as number;
    const strip = laidOutStrip(segments, percentage, roll(2) ? roll(90_000) : undefined, width, height);
    holds(strip, JSON.stringify({ segments, percentage, width, height }));
    const only = segments.length > 0 && segments.every(({ state }) => state === "cached");
    if (percentage > 0 && !only) expect(litEnd(strip)).toBeCloseTo((width * percentage) / 100, 6);
  }
});

test("of every recording, at every frame, too", () => {
  for (const { heard, name } of jobs()) {
    let state = UNKNOWN;
    for (const one of heard) {
      state = "view" in one ? withSnapshot(state, one.view, one.at) : withFrame(state, one.frame, Date.parse(one.frame.timestamp));
      const strip = laidOutStrip(stripOf(state), state.generation?.overallPercentage ?? 0, state.elapsedMs, 640, 14);
      holds(strip, name);
    }
  }
});

test("finished nodes have the lit part by their time, what runs the rest, what is to come the unlit part", () => {
  const { cells, head } = laidOutStrip(LIGHTHOUSE, 66, 40_520, 715, 14);
  expect(head).toBeCloseTo(471.9, 3);
  expect(cells.map(({ look }) => look)).toEqual(["finished", "finished", "cached", "running", "pending", "pending", "pending"]);
  const running = cells[3]!;
  expect(running.x + running.width * running.lit).toBeCloseTo(head, 6);
  // 11.4 of 40.5 s, of the lit part less 10 px for what is cached.
  expect(cells[0]!.width).toBeCloseTo(((471.9 - 10) * 11.4) / 40.52, 1);
  expect(cells[5]!.width / cells[4]!.width).toBeGreaterThan(4);
});

test("what is under 3 pixels is merged with its neighbour", () => {
  const { cells } = laidOutStrip(LIGHTHOUSE, 66, 40_520, 150, 6);
  for (const { width } of cells) expect(width).toBeGreaterThanOrEqual(3);
  expect(cells.map(({ look, segments }) => `${look} ${segments.length}`)).toEqual(["finished 1", "cached 2", "running 1", "pending 1", "pending 2"]);
});

test("a job of 300 nodes has as many cells as can be seen, and the one that runs among them", () => {
  const many = Array.from({ length: 300 }, (_, at) => segment(at < 150 ? "finished" : at === 150 ? "running" : "pending", 100));
  const strip = laidOutStrip(many, 50, 15_000, 150, 6);
  holds(strip, "300");
  for (const { width } of strip.cells) expect(width).toBeGreaterThanOrEqual(3);
  expect(strip.cells.filter(({ look }) => look === "running")).toHaveLength(1);
});

test("what came from the cache has a few pixels each, and a fifth together at most", () => {
  const cached = Array.from({ length: 3 }, () => segment("cached", 0));
  const running = segment("running", 10_000, { leftMs: 10_000 });
  const few = laidOutStrip([...cached, running], 46, 10_000, 400, 14);
  expect(few.cells.map(({ width }) => width).slice(1, 3)).toEqual([8, 8]);
  const small = laidOutStrip([...cached, running], 46, 10_000, 150, 6);
  expect(small.cells[1]!.width).toBeCloseTo(3, 6);
  const many = laidOutStrip([...Array.from({ length: 40 }, () => segment("cached", 0)), running], 46, 10_000, 400, 14);
  expect(many.cells.at(-1)!.x).toBeLessThanOrEqual(82 + 1e-6);
});

test("a job all from the cache is hatched whole", () => {
  const { cells } = laidOutStrip([segment("cached", 0), segment("cached", 0)], 100, 40, 150, 6);
  expect(cells).toHaveLength(1);
  expect(cells[0]).toMatchObject({ look: "cached", x: 0, width: 150 });
});

test("nodes that run at once share one cell, the furthest at the head", () => {
  const { cells } = laidOutStrip(
    [segment("finished", 10_000), segment("running", 10_000, { percentage: 80 }), segment("running", 6_000, { percentage: 40 }), segment("pending", 5_000)],
    60, 20_000, 400, 14,
  );
  expect(cells.map(({ look }) => look)).toEqual(["finished", "running", "pending"]);
  const [, { lanes, lit }] = cells as [unknown, (typeof cells)[0]];
  expect(lanes.map((lane) => lane.lit / lit)).toEqual([1, 0.5]);
});

test("a job that failed is lit to where it stopped", () => {
  const { cells, head } = laidOutStrip([segment("finished", 10_000), segment("error", 5_000, { percentage: 60 }), segment("skipped", 0)], 50, 15_000, 400, 14);
  expect(cells.map(({ look }) => look)).toEqual(["finished", "failed", "pending"]);
  const failed = cells[1]!;
  expect(failed.lit).toBeGreaterThan(0);
  expect(failed.lit).toBeLessThan(1);
  expect(failed.x + failed.width * failed.lit).toBeCloseTo(head, 6);
});

test("of a job that waits, or of which nothing is known, nothing is lit", () => {
  expect(laidOutStrip([], 0, undefined, 150, 6).cells).toMatchObject([{ look: "pending", width: 150, lit: 0 }]);
  const waiting = laidOutStrip([segment("pending", 1_000), segment("pending", 3_000)], 0, undefined, 150, 6);
  expect(waiting.cells.map(({ lit }) => lit)).toEqual([0, 0]);
  expect(laidOutStrip(LIGHTHOUSE, 66, 1_000, 0, 6).cells.every(({ width }) => width === 0)).toBe(true);
});

test("one of which only the percentage is known has a lit part all the same", () => {
  expect(laidOutStrip([], 40, undefined, 150, 6).cells).toMatchObject([{ look: "running", width: 60, lit: 1 }, { look: "pending" }]);
});

test("the running segment of a summary is split by its steps, else by the job's percentage", () => {
  const summary = { strip: [{ state: "pending", ms: 2_000 }, { state: "finished", ms: 8_000 }, { state: "running", ms: 10_000 }], overallPercentage: 60 } as Summary;
  expect(stripOfSummary(summary)).toEqual([
    segment("finished", 8_000),
    segment("running", 4_000, { leftMs: 6_000 }),
    segment("pending", 2_000),
  ]);
  const current = { nodeId: "3", title: "K-Sampler", kind: "sampler", value: 15, max: 20 } as const;
  expect(stripOfSummary({ ...summary, current })[1]).toMatchObject({ ms: 7_500, leftMs: 2_500, percentage: 75, nodeId: "3" });
});

test("children of an expanded node are part of the node they are displayed under", () => {
  const job = jobs().find(({ name }) => name.startsWith("11-"))!;
  const view = job.heard.findLast((one) => "view" in one) as { view: Parameters<typeof withSnapshot>[1]; at: number };
  const state = withSnapshot(UNKNOWN, view.view, view.at);
  const children = state.generation!.nodes.filter(({ parentNodeId }) => parentNodeId !== undefined).map(({ nodeId }) => nodeId);
  expect(children.length).toBeGreaterThan(0);
  for (const { nodeId } of stripOf(state)) expect(children).not.toContain(nodeId);
});
