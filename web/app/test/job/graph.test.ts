import { nodeNames, type Node } from "@comfyui-monitor/react";
import { expect, test, vi } from "vitest";
import { shortCause } from "../../src/jobs/failed/words.js";
import { Board, tilesOf } from "../../src/routes/job/graph/board.js";
import { depthsOf, layOut, layoutKey, NODE_HEIGHT, NODE_WIDTH } from "../../src/routes/job/graph/layout.js";
import { secondLine, tileSentence } from "../../src/routes/job/graph/tileWords.js";
import { stepThrough, walk } from "../../src/routes/job/graph/walk.js";
import { hasFlowed, slotOf, wiresOf } from "../../src/routes/job/graph/wires.js";
import { generation, node, stateOf } from "./node.js";

const diamond = [node("1"), node("2", { from: ["1"] }), node("3", { from: ["1"] }), node("4", { from: ["2", "3"] })];

/** Chains of ten that all hang on one loader. */
function large(of: number): Node[] {
  return Array.from({ length: of }, (_, at) => node(String(at), { from: at === 0 ? [] : [at % 10 === 1 ? "0" : String(at - 1)] }));
}

test.each([["the usual way", diamond], ["in plain columns", large(700)]])("every node lies to the right of what feeds it, and none on another: %s", (_, nodes) => {
  const { places } = layOut(nodes);
  for (const { nodeId, dependencies } of nodes) {
    for (const from of dependencies) expect(places.get(nodeId)?.x).toBeGreaterThanOrEqual((places.get(from.nodeId)?.x ?? 0) + NODE_WIDTH);
  }
  expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(nodes.length);
});

test("nodes of a column keep their distance, so that one that runs may grow", () => {
  const { places } = layOut(diamond);
  expect(Math.abs((places.get("2")?.y ?? 0) - (places.get("3")?.y ?? 0))).toBeGreaterThanOrEqual(NODE_HEIGHT + 21);
});

test("a graph that runs in a circle, or feeds on what is not there, is laid out nevertheless", () => {
  const nodes = [node("1", { from: ["3"] }), node("2", { from: ["1", "gone"] }), node("3", { from: ["2"] }), node("4", { from: ["4"] })];
  expect(layOut(nodes).places.size).toBe(4);
  expect(depthsOf(nodes).size).toBe(4);
});

test("three hundred nodes are laid out in good time", () => {
  const started = performance.now();
  expect(layOut(large(300)).places.size).toBe(300);
  expect(performance.now() - started).toBeLessThan(3_000);
});

test("nothing of the layout depends on progress", () => {
  const later = diamond.map((one): Node => ({ ...one, state: "finished", durationMs: 5 }));
  const expanded = [...later, { ...node("4.1"), parentNodeId: "4", displayNodeId: "4" }];
  expect(layoutKey(expanded)).toBe(layoutKey(diamond));
});

test("a wire has the colour of its slot, or of the node that feeds it where the type is not told", () => {
  expect([slotOf({ type: "CONDITIONING" }, node("1")), slotOf({ type: "UPSCALE_MODEL" }, node("1")), slotOf({ type: "constructor" }, node("1"))]).toEqual(["cond", "model", "other"]);
  expect(slotOf({}, node("1", { kind: "sampler" }))).toBe("latent");
});

test("data has flowed once its source has made it, or its target is kept from before", () => {
  expect([hasFlowed("finished", "pending"), hasFlowed("cached", "running"), hasFlowed("running", "pending"), hasFlowed("pending", "cached"), hasFlowed("skipped", "skipped")]).toEqual([true, true, false, true, false]);
});

test("every input is a wire, spread over the sides of its nodes", () => {
  expect(wiresOf(diamond).filter(({ target }) => target === "4").map(({ source, into }) => [source, into])).toEqual([["2", -1], ["3", 1]]);
});

test("arrow keys follow wires, and go up and down a column", () => {
  const layout = layOut(diamond);
  const [upper, lower] = ["2", "3"].sort((one, other) => (layout.places.get(one)?.y ?? 0) - (layout.places.get(other)?.y ?? 0));
  expect(walk(diamond, layout, undefined, "ArrowRight")).toBe("1");
  expect(["2", "3"]).toContain(walk(diamond, layout, "1", "ArrowRight"));
  expect(walk(diamond, layout, "4", "ArrowRight")).toBe("4");
  expect(walk(diamond, layout, "3", "ArrowLeft")).toBe("1");
  expect(walk(diamond, layout, upper, "ArrowDown")).toBe(lower);
  expect(walk(diamond, layout, lower, "ArrowUp")).toBe(upper);
});

test("j and k go through the graph in its order and stop at its ends", () => {
  expect([stepThrough(diamond, undefined, 1), stepThrough(diamond, "1", 1), stepThrough(diamond, "4", 1), stepThrough(diamond, "1", -1), stepThrough([], undefined, 1)]).toEqual(["1", "2", "4", "1", undefined]);
});

const tiles = (nodes: Node[], more = {}) => tilesOf(stateOf(generation(nodes, more)), nodeNames(nodes), shortCause);

test("only the node that changed is told", () => {
  const board = new Board(tiles(diamond));
  const heard = { one: vi.fn(), two: vi.fn() };
  board.subscribe(["1"], heard.one);
  const stop = board.subscribe(["2"], heard.two);
  const kept = board.tile("1");
  board.set(tiles(diamond.map((one): Node => (one.nodeId === "2" ? { ...one, state: "running" } : one))));
  expect([heard.one.mock.calls.length, heard.two.mock.calls.length]).toEqual([0, 1]);
  expect(board.tile("1")).toBe(kept);
  stop();
  board.set(tiles(diamond));
  expect(heard.two.mock.calls.length).toBe(1);
});

test("a node says its time, its steps, its cause, or its state", () => {
  const error = { type: "torch.OutOfMemoryError", message: "", nodeId: "5" };
  const nodes = [
    node("1", { state: "finished", durationMs: 11_400 }), node("2", { state: "running", kind: "sampler", value: 15, max: 20, percentage: 75 }), node("3", { state: "cached" }),
    node("4", { expectedMs: 2_000 }), node("5", { state: "error" }), node("6", { state: "skipped" }),
  ];
  const said = [...tiles(nodes, { error }).values()];
  expect(said.map(secondLine)).toEqual(["11.4 s", "15/20 steps", "cached", "about 2 s", "out of memory", "did not run"]);
  expect(said.slice(0, 3).map(tileSentence)).toEqual(["Node 1, done, 11.4 s", "Node 2, running, 15/20 steps, 75%", "Node 3, cached"]);
});

test("an expanded node shows what runs inside it", () => {
  const child = (id: string, more: Partial<Node>) => ({ ...node(id, more as object), parentNodeId: "1", displayNodeId: "1" });
  const nodes = [node("1", { state: "running" }), child("1.1", { state: "finished" }), child("1.2", { state: "running", kind: "sampler", value: 1, max: 4, percentage: 25 })];
  const [tile] = [...tiles(nodes).values()];
  expect(tile && tileSentence(tile)).toBe("Node 1, running, 1/4 steps, 25%, 1 of 2 inside");
  expect(tiles(nodes).size).toBe(1);
});
