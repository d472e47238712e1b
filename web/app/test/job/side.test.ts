import type { Generation, Instance, JobEvent, Output } from "@comfyui-monitor/react";
import { expect, test } from "vitest";
import { attemptIn, hrefOf } from "../../src/routes/job/address.js";
import { detailKey, withDetail, withStop } from "../../src/routes/job/data/detail.js";
import { fileNameOf } from "../../src/routes/job/data/fileName.js";
import { exactGraph, newSeed, seedOf, spacedSeed } from "../../src/jobs/seed.js";
import { eventsKey } from "../../src/routes/job/data/useEvents.js";
import { endingOf } from "../../src/jobs/ending/words.js";
import { lineOf, MOST_PROGRESS, newestFirst, withProgress, type EventLine } from "../../src/routes/job/side/eventLines.js";
import { factsOf, waitedMs } from "../../src/routes/job/side/facts.js";
import { outputsWords, shownOutputs } from "../../src/routes/job/side/outputs.js";
import { generation, iso, node, START, stateOf } from "./node.js";

const GIB = 2 ** 30;
const instance = { instanceId: "atlas", name: "atlas", clientId: "monitor-atlas", devices: [{ name: "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync" }], memory: { usedBytes: 18.2 * GIB, totalBytes: 24 * GIB } } as unknown as Instance;

test("facts that are known are told, others are left out", () => {
  const known = { generation: generation([]), attempt: 1, instance, seed: { nodeId: "3", input: "seed", value: "418276903" }, submitter: undefined, maxRetries: 3, attempts: 1 };
  expect(factsOf(known).map(({ name, value }) => `${name}: ${value}`)).toEqual([
    "Instance: atlas, RTX 4090", "Attempt: 1 of 4", "Seed: 418\u2009276\u2009903", "Waited: 2.0 s", "GPU memory: 18.2 of 24 GB", "Client: monitor-atlas",
  ]);
  const little = { ...known, generation: generation([], { status: "pending", startedAt: undefined as never }), instance: undefined, seed: undefined, maxRetries: undefined };
  expect(factsOf(little).map(({ name }) => name)).toEqual(["Instance", "Attempt"]);
  expect(waitedMs(generation([], { startedAt: iso(-9_000) }))).toBeUndefined();
});

test("a seed is found to its last digit, a sampler's before others", () => {
  const graph = exactGraph('{"9":{"inputs":{"seed":7}},"3":{"inputs":{"noise_seed":18446744073709551615,"text":"x 12345678901234567890","cfg":7.5}},"1":{"inputs":{"seed":["9",0]}}}');
  expect(seedOf(graph, [node("3", { kind: "sampler" })])).toEqual({ nodeId: "3", input: "noise_seed", value: "18446744073709551615" });
  expect(seedOf(graph, [])?.value).toBe("18446744073709551615");
  expect((graph["3"] as { inputs: { text: string } }).inputs.text).toBe("x 12345678901234567890");
  expect([exactGraph("no json"), exactGraph("[1]"), seedOf({ a: null }, [])]).toEqual([{}, {}, undefined]);
  expect(spacedSeed("1234567")).toBe("1\u2009234\u2009567");
  expect(Number.isSafeInteger(newSeed(() => 0.999999))).toBe(true);
});

test("a workflow's file has a name that every file system takes", () => {
  expect([fileNameOf('a/b: "c" \u202egnp.exe'), fileNameOf("..."), fileNameOf("夕暮れの灯台")]).toEqual(["a b c gnp.exe.json", "workflow.json", "夕暮れの灯台.json"]);
  expect(fileNameOf("x".repeat(300)).length).toBe(85);
});

const event = (detailType: string, more: object = {}): JobEvent => ({ detailType, detail: { timestamp: iso(0), sequence: 5, attempt: 1, eventId: detailType, ...more } });
const what = (type: string, more?: object) => lineOf(event(type, more), (id) => (id === "3" ? "K-Sampler" : undefined)).what;

test("each event says what it was about", () => {
  expect(what("Job Queued", { queuePosition: 2 })).toBe("place 2");
  expect(what("Job Started", { totalNodes: 9, cachedNodes: ["1"] })).toBe("9 nodes, 1 cached");
  expect(what("Workflow Nodes", { workflowNodes: [{}] })).toBe("1 node");
  expect(what("Node Executing", { nodeId: "3", displayNodeId: "3" })).toBe("K-Sampler");
  expect(what("Node Executed", { nodeId: "3", durationMs: 11_400 })).toBe("K-Sampler, 11.4 s");
  expect(what("Node Executed", { nodeId: "77" })).toBe("77");
  expect(what("Images Generated", { nodeId: "3", images: [{}, {}] })).toBe("K-Sampler, 2 files");
  expect(what("Job Retrying", { change: "Batch size 4 to 2" })).toBe("Batch size 4 to 2");
  expect(what("Job Interrupted", { reason: "cancelled" })).toBe("cancelled here");
  expect(what("Job Completed", { durationMs: 61_000 })).toBe("1:01");
  expect(lineOf(event("Job Failed", { error: { type: "ValueError" } }), () => undefined)).toMatchObject({ what: "ValueError", isBad: true });
  expect(what("Something New", {})).toBe("");
});

const running = (value: number) => ({ nodeId: "3", displayNodeId: "3", currentNode: "K-Sampler", kind: "sampler", nodeState: "running", message: "", elapsedMs: 0, value, max: 20 }) as const;

test("steps that are heard become lines, once each, in the server's time, and only so many", () => {
  const at = (value: number) => stateOf(generation([], { sequence: value }), { running: [running(value)], elapsedMs: value * 1_000 });
  const one = withProgress([], undefined, at(1));
  expect(one).toMatchObject([{ at: iso(1_000), what: "K-Sampler 1/20", nodeId: "3" }]);
  expect(withProgress(one, at(1), at(1))).toBe(one);
  let lines: readonly EventLine[] = [];
  for (let value = 1; value <= MOST_PROGRESS + 20; value += 1) lines = withProgress(lines, at(value - 1), at(value));
  expect(lines.length).toBe(MOST_PROGRESS);
});

test("the list is newest first, and holds nothing twice", () => {
  const line = (key: string, sequence: number): EventLine => ({ key, sequence, at: iso(0), name: "", what: "" });
  expect(newestFirst([line("a", 1), line("c", 9)], [line("b", 4), line("a", 1)]).map(({ key }) => key)).toEqual(["c", "b", "a"]);
});

test("events are asked for when something durable happened, not at every step", () => {
  const state = stateOf(generation([node("3", { state: "running" })]), { running: [running(1)] });
  expect(eventsKey({ ...state, running: [running(2)] })).toBe(eventsKey(state));
  expect(eventsKey({ ...state, running: [] })).not.toBe(eventsKey(state));
});

test("outputs: results before previews, and what is still to come is said", () => {
  const output = (more: Partial<Output>) => ({ mediaId: "m", nodeId: "9", kind: "image", preview: false, status: "stored", ...more }) as Output;
  expect(shownOutputs([output({ preview: true }), output({})]).length).toBe(1);
  expect(shownOutputs([output({ preview: true })]).length).toBe(1);
  expect(outputsWords(generation([node("9", { kind: "saver" })]))).toBe("1 on its way");
  expect(outputsWords(generation([], { outputs: [output({}), output({ status: "failed" })], status: "completed" }))).toBe("1 image, 1 could not be stored");
  expect(outputsWords(generation([], { status: "completed" }))).toBe("none");
  expect(outputsWords(generation([], { status: "completed", outputs: [output({ preview: true })] }))).toBe("1 preview");
});

test("endings that are nobody's error say what happened and what to do", () => {
  const told = (nodes: Parameters<typeof generation>[0], more: Parameters<typeof generation>[1]) => endingOf(stateOf(generation(nodes, more)), instance, START);
  const lost = told([node("1", { state: "interrupted", title: "LoRA Loader" })], { status: "failed", error: { type: "instance_lost", message: "" } });
  expect(lost).toMatchObject({ state: "lost", title: "atlas came back without this job", action: "again" });
  expect(lost?.text).toContain("while LoRA Loader ran");
  expect(told([], { status: "interrupted", message: "Cancelled Glaze test. Kept: 7 images", outputs: [] })).toMatchObject({ title: "Cancelled Glaze test", text: "No picture was finished" });
  expect(told([node("1", { state: "cached" }), node("2", { state: "cached" })], { status: "completed", durationMs: 40 })).toEqual({
    state: "cached", title: "Nothing to do: all 2 nodes came from cache", text: "The result is the same as before. It took 0.04 s", action: "seed",
  });
  expect(told([node("3", { state: "running", title: "Upscale Image", expectedMs: 40_000 })], { stalledSince: iso(0), message: "No word from Upscale Image for 1:12" })).toEqual({
    state: "stalled", title: "No word from Upscale Image for 1:12", text: "It is usually done in 40.0 s. atlas says the job still runs, so we wait", action: "cancel",
  });
  expect(told([node("3", { state: "running" })], {})).toBeUndefined();
  expect(told([], { status: "failed", error: { type: "ValueError", message: "" } })).toBeUndefined();
});

test("what only HTTP tells is added to what frames told, and never replaces what is newer", () => {
  const nodes = [node("1", { state: "finished" })];
  const live = stateOf(generation(nodes, { status: "failed", sequence: 9 }));
  const fetched = generation([node("1", { state: "finished", startedAt: iso(5) })], { status: "failed", sequence: 9, suggestions: [{ kind: "edit", title: "t", detail: "d" }] });
  expect(withDetail(live, fetched).generation).toMatchObject({ suggestions: [{ title: "t" }], nodes: [{ startedAt: iso(5) }] });
  const again = stateOf(generation(nodes, { promptId: "p2", sequence: 12, attempts: [{ promptId: "p1", instanceId: "", number: 1, status: "failed" }, { promptId: "p2", instanceId: "", number: 2, status: "processing" }] }));
  const older = { ...fetched, attempts: [{ promptId: "p1", instanceId: "a", number: 1, status: "failed" as const, peakMemoryBytes: 5 }] };
  const both = withDetail(again, older).generation;
  expect(both?.attempts.map(({ peakMemoryBytes }) => peakMemoryBytes)).toEqual([5, undefined]);
  expect(both?.suggestions).toBeUndefined();
  expect(detailKey(stateOf(generation([])))).toBeUndefined();
  expect(detailKey(live)).toBe("q1,p1,1,failed");
});

test("links that were renewed since are not replaced by those that were fetched once", () => {
  const signed = (signature: string) => [{ mediaId: "m", nodeId: "9", kind: "image" as const, preview: false, status: "stored" as const, url: `https://bucket/m?${signature}` }];
  const fetched = generation([], { status: "completed", sequence: 9, outputs: signed("old") });
  const shown = (live: Partial<Generation>) => withDetail(stateOf(generation([], { status: "completed", ...live })), fetched).generation?.outputs;
  expect(shown({ sequence: 9, outputs: signed("new") })).toEqual(signed("new"));
  expect(shown({ sequence: 8, outputs: [] })).toEqual(signed("old"));
});

test("a node that stopped has the step of its attempt, where its own is not kept", () => {
  const attempts = [{ promptId: "p1", instanceId: "a", number: 1, status: "failed" as const, stoppedAt: { nodeId: "3", value: 7, max: 24 } }];
  const [bare, told] = [node("3", { state: "error" }), node("3", { state: "error", value: 8, max: 24 })].map((one) => withStop(stateOf(generation([one], { attempts }))));
  expect([bare?.generation?.nodes[0]?.value, told?.generation?.nodes[0]?.value]).toEqual([7, 8]);
});

test("addresses: an attempt is a number from one, and a prompt id leads to its own attempt", () => {
  expect(["?attempt=2", "attempt=2", "?attempt=0", "?attempt=x", ""].map(attemptIn)).toEqual([2, 2, undefined, undefined, undefined]);
  const attempts = [{ promptId: "p1", number: 1 }, { promptId: "p2", number: 2 }] as never;
  expect([hrefOf({ queueId: "q", attempts }, "p1"), hrefOf({ queueId: "q", attempts }, "p2")]).toEqual(["/jobs/q?attempt=1", "/jobs/q"]);
});
