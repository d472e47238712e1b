import { nodeNames, type Generation, type Node } from "@comfyui-monitor/react";
import { expect, test } from "vitest";
import { labelOf, labelSide } from "../../src/routes/job/timeline/labels.js";
import { rowsOf } from "../../src/routes/job/timeline/rows.js";
import { spansOf, totalOf, type Course } from "../../src/routes/job/timeline/spans.js";
import { NO_STARTS, startOf, withStarts } from "../../src/routes/job/timeline/starts.js";
import { axisOf, stepFor, tickLabel } from "../../src/routes/job/timeline/ticks.js";
import { generation, iso, node, START, stateOf } from "./node.js";

const ran = (id: string, start: number, durationMs: number, from: string[] = []) => node(id, { state: "finished", startedAt: iso(start), durationMs, from });

function course(nodes: Node[], more: Partial<Course> = {}, about: Partial<Generation> = {}): Course {
  return { nodes, generation: generation(nodes, about), starts: NO_STARTS, elapsedMs: 10_000, runningMs: new Map(), ...more };
}

test("a start is the server's time of the node less the server's time of the job", () => {
  expect(startOf(ran("1", 1_500, 10), generation([]), NO_STARTS)).toBe(1_500);
  expect(startOf(node("1", { state: "cached", startedAt: iso(5) }), generation([]), NO_STARTS)).toBeUndefined();
});

test("starts are gathered from frames: of what runs once, and of what was over before it was heard of", () => {
  const running = { nodeId: "2", displayNodeId: "2", currentNode: "Two", kind: "sampler", nodeState: "running", message: "", elapsedMs: 1_000 } as const;
  const first = stateOf(generation([node("1", { state: "finished", durationMs: 400 }), node("2", { state: "running" })]), { running: [running], elapsedMs: 3_000 });
  const starts = withStarts(NO_STARTS, first, START + 200);
  expect([...starts.at]).toEqual([["1", 2_800], ["2", 2_000]]);
  const later = { ...first, running: [{ ...running, elapsedMs: 5_000 }], elapsedMs: 7_000 };
  expect(withStarts(starts, later, START + 4_000)).toBe(starts);
  const again = stateOf(generation([node("1")], { promptId: "p2" }));
  expect(withStarts(starts, again, START)).toEqual({ promptId: "p2", at: new Map() });
});

test("nodes that ran at the same time say so, those that follow each other do not", () => {
  const spans = spansOf(course([ran("1", 0, 1_000), ran("2", 500, 1_000), ran("3", 1_505, 100)]));
  expect(["1", "2", "3"].map((id) => spans.get(id)?.isParallel)).toEqual([true, true, false]);
});

test("an expanded node and its children are one thing, not parallel", () => {
  const child = { ...ran("4.1", 100, 500), parentNodeId: "4", displayNodeId: "4" };
  expect([...spansOf(course([ran("4", 0, 1_000), child])).values()].some(({ isParallel }) => isParallel)).toBe(false);
});

test("cached nodes take no time, and stand where what feeds them ends", () => {
  const spans = spansOf(course([ran("1", 0, 800), node("2", { state: "cached" }), node("3", { state: "cached", from: ["1"] })]));
  expect(spans.get("2")).toMatchObject({ kind: "cached", start: 0, end: 0 });
  expect(spans.get("3")).toMatchObject({ start: 800, end: 800 });
});

test("a node whose start is not known stands behind what feeds it, and is marked as a guess", () => {
  const spans = spansOf(course([ran("1", 0, 800), node("2", { state: "finished", durationMs: 300, from: ["1"] })]));
  expect(spans.get("2")).toMatchObject({ start: 800, end: 1_100, isGuess: true });
  expect(spansOf(course([node("1", { state: "finished" })])).size).toBe(0);
});

test("a failed node ends where it stopped, and nothing is foreseen behind it", () => {
  const nodes = [node("1", { state: "error", startedAt: iso(200), elapsedMs: 900 }), node("2", { state: "skipped", expectedMs: 5_000 })];
  const spans = spansOf(course(nodes, {}, { status: "failed" }));
  expect(spans.get("1")).toMatchObject({ kind: "failed", start: 200, end: 1_100 });
  expect(spans.has("2")).toBe(false);
});

test("what is to come lies to the right of now, as long as the time left", () => {
  const nodes = [node("1", { state: "running", startedAt: iso(2_000), value: 4, max: 8, percentage: 50 }), node("2", { expectedMs: 4_000 }), node("3", { expectedMs: 4_000 }), node("4")];
  const eta = { remainingMs: 8_000, lowMs: 7_000, highMs: 9_000 };
  const spans = spansOf(course(nodes, { runningMs: new Map([["1", 8_000]]), eta }));
  expect(spans.get("1")).toMatchObject({ kind: "running", start: 2_000, end: 10_000, until: 14_000 });
  expect(spans.get("2")).toMatchObject({ kind: "expected", start: 14_000, end: 16_000 });
  expect(spans.get("3")?.end).toBe(18_000);
  expect(spans.has("4")).toBe(false);
  expect(totalOf(spans, 10_000)).toBe(18_000);
});

test("of a job that waits, the time each node should take is shown from its start", () => {
  const spans = spansOf(course([node("1", { expectedMs: 2_000 }), node("2", { expectedMs: 500 })], { elapsedMs: 0, eta: { remainingMs: 60_000, lowMs: 1, highMs: 2 } }, { status: "pending" }));
  expect([spans.get("1")?.end, spans.get("2")?.end]).toEqual([2_000, 2_500]);
});

test("a silent job's bar is stalled, not lit", () => {
  const spans = spansOf(course([node("1", { state: "running", startedAt: iso(0) })], {}, { stalledSince: iso(1) }));
  expect(spans.get("1")?.kind).toBe("stalled");
});

test("marks of the axis go by one, two and five", () => {
  expect([700, 3_000, 60_000, 61_000, 240_000, 3_600_000].map((ms) => stepFor(ms, 6))).toEqual([200, 500, 10_000, 20_000, 50_000, 600_000]);
  expect(axisOf(62_000, true).ticks.map(({ label }) => label)).toEqual(["0", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s", "1:10"]);
  expect([tickLabel(200, 100), tickLabel(80_000, 20_000), tickLabel(120_000, 60_000), tickLabel(5_400_000, 600_000), tickLabel(7_200_000, 3_600_000)]).toEqual(["0.2 s", "1:20", "2 min", "1:30 h", "2 h"]);
});

test("while a job runs the axis stands still though estimates change a little", () => {
  expect(axisOf(50_500, true).domainMs).toBe(axisOf(53_000, true).domainMs);
});

const names = (nodes: Node[]) => nodeNames(nodes);

test("two nodes of one name that follow each other share a line; many do not", () => {
  const twins = [node("6", { title: "CLIP Text Encoder" }), node("7", { title: "CLIP Text Encoder" }), node("3")];
  expect(rowsOf(twins, names(twins)).map(({ name }) => name)).toEqual(["CLIP Text Encoder, twice", "Node 3"]);
  const many = Array.from({ length: 5 }, (_, at) => node(String(at), { title: "Sleep" }));
  expect(rowsOf(many, names(many)).map(({ name }) => name)).toEqual(["Sleep 0", "Sleep 1", "Sleep 2", "Sleep 3", "Sleep 4"]);
});

test("children of an expanded node come right behind it", () => {
  const nodes = [node("1"), node("2"), { ...node("1.0.1"), parentNodeId: "1", displayNodeId: "1" }];
  expect(rowsOf(nodes, names(nodes)).map(({ key, isChild }) => [key, isChild])).toEqual([["1", false], ["1.0.1", true], ["2", false]]);
});

test("in a long graph what came from cache is one line, until it is unfolded", () => {
  const nodes = Array.from({ length: 300 }, (_, at) => node(String(at), { state: at < 280 ? "cached" : "finished" }));
  const rows = rowsOf(nodes, names(nodes));
  expect(rows.length).toBe(21);
  expect(rows[0]).toMatchObject({ name: "280 nodes from cache", isFold: true });
  expect(rowsOf(nodes, names(nodes), true).length).toBe(300);
});

test("labels say time, steps, the cache, or where it stopped", () => {
  const nodes = [
    ran("1", 0, 11_400), node("2", { state: "cached" }), node("3", { state: "running", kind: "sampler", startedAt: iso(11_400), value: 15, max: 20, percentage: 75 }),
    node("4", { expectedMs: 2_000 }), node("5"), node("6", { state: "error", value: 3, max: 20 }), node("7", { state: "skipped" }), node("8", { state: "running", startedAt: iso(9_000) }),
  ];
  const runningMs = new Map([["3", 2_000], ["8", 4_400]]);
  const spans = spansOf(course(nodes, { elapsedMs: 13_400, runningMs }));
  const said = rowsOf(nodes, names(nodes)).map((row) => labelOf(row, spans, runningMs));
  expect(said).toEqual(["11.4 s, in parallel", "cached", "15/20 steps, in parallel", "about 2 s", "not known yet", "stopped at step 3 of 20", "did not run", "4.4 s so far, in parallel"]);
});

test("a label stands where there is room for it", () => {
  expect([labelSide(10, 30, false), labelSide(60, 90, false), labelSide(60, 65, true), labelSide(5, 8, true)]).toEqual(["right", "left", "left", "right"]);
});
