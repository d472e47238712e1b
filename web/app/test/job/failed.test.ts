import type { Attempt, Instance } from "@comfyui-monitor/react";
import { expect, test } from "vitest";
import { curveOf, readingsOf } from "../../src/routes/job/failed/memory.js";
import { offersOf } from "../../src/jobs/failed/offers.js";
import { hadRun, pathThrough } from "../../src/routes/job/failed/path.js";
import { headlineOf, sentenceOf, shortCause, stoppedWords, wantedMemory } from "../../src/jobs/failed/words.js";
import { generation, iso, node } from "./node.js";

const OOM = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 11.99 GiB of which 1.21 GiB is free.\nTIPS: ...";
const GIB = 2 ** 30;
const instance = { instanceId: "delta", name: "delta", devices: [{ name: "cuda:0 NVIDIA GeForce RTX 4070 Ti : native" }], memory: { usedBytes: GIB, totalBytes: 12 * GIB } } as unknown as Instance;

test.each([
  ["torch.OutOfMemoryError", OOM, "The card ran out of memory in K-Sampler"],
  ["RuntimeError", "CUDA error: out of memory", "The card ran out of memory in K-Sampler"],
  ["instance_lost", "gone", "delta came back without this job"],
  ["submission_refused", "no", "ComfyUI refused the workflow at K-Sampler"],
  ["timeout", "too long", "It took longer than a job may in K-Sampler"],
  ["graph.DependencyCycleError", "cycle", "K-Sampler waits for itself"],
  ["FileNotFoundError", "a.png", "A file was not found in K-Sampler"],
  ["ModuleNotFoundError", "No module named 'x'", "A Python module is missing in K-Sampler"],
  ["torch.AcceleratorError", "CUDA error: device-side assert", "The card reported an error in K-Sampler"],
  ["requests.exceptions.ConnectionError", "refused", "Something on the network did not answer in K-Sampler"],
  ["PermissionError", "denied", "A file may not be read or written in K-Sampler"],
  ["OSError", "[Errno 28] No space left on device", "The disk is full in K-Sampler"],
  ["RuntimeError", "mat1 and mat2 shapes cannot be multiplied (77x2048 and 768x320)", "K-Sampler was given inputs that do not fit together"],
  ["ValueError", "bad", "K-Sampler failed"],
])("%s is said in words: %s", (type, message, words) => {
  expect(headlineOf({ type, message }, "K-Sampler", "delta")).toBe(words);
});

test("without a node the headline still says the cause", () => {
  const said = ["torch.OutOfMemoryError", "submission_refused", "timeout", "x.DependencyCycleError", "KeyError"].map((type) => headlineOf({ type, message: "" }, undefined, ""));
  expect(said).toEqual(["The card ran out of memory", "ComfyUI refused the workflow", "It took longer than a job may", "The graph runs in a circle", "The job failed"]);
});

const attempt = (number: number, more: Partial<Attempt> = {}): Attempt => ({ promptId: `p${number}`, instanceId: "delta", number, status: "failed", ...more });

test("the sentence names step, attempts, time, server and the figures that were told", () => {
  const attempts = [attempt(1, { durationMs: 72_000 }), attempt(2, { durationMs: 160_000, stoppedAt: { nodeId: "3", value: 3, max: 20 } })];
  const known = generation([], { status: "failed", attempts, error: { type: "torch.OutOfMemoryError", message: OOM } });
  expect(sentenceOf(known, instance)).toBe("It stopped at step 3 of 20 in the last of 2 attempts, after 3:52 on delta (RTX 4070 Ti). It wanted 20.0 GB more; 1.2 of 12 GB was free.");
});

test("what is not known is left out of the sentence", () => {
  expect(sentenceOf(generation([], { attempts: [attempt(1)], error: { type: "ValueError", message: "" } }), undefined)).toBe("It stopped.");
  const peak = generation([], { attempts: [attempt(1, { peakMemoryBytes: 11.5 * GIB })], error: { type: "OutOfMemoryError", message: "" } });
  expect(sentenceOf(peak, instance)).toContain("At most 11.5 of 12 GB was in use.");
  expect(wantedMemory("Tried to allocate 512.00 MiB.")).toEqual({ wanted: "0.5 GB", free: undefined });
  expect(wantedMemory("nothing of it")).toBeUndefined();
});

test("a refused workflow ran nowhere", () => {
  const known = generation([], { error: { type: "submission_refused", message: "" }, warnings: [{ message: "a" }, { message: "b" }] });
  expect(sentenceOf(known, instance)).toBe("delta did not take it, and said why for 2 inputs. Nothing ran.");
});

test("an attempt says in short where and why it stopped", () => {
  const one = attempt(1, { stoppedAt: { nodeId: "3", value: 1, max: 20 }, error: { type: "torch.OutOfMemoryError", message: "" } });
  expect(stoppedWords(one, () => "K-Sampler")).toEqual({ where: "K-Sampler", step: "step 1 of 20" });
  expect([{ type: "a.b.KeyError", message: "" }, { type: "timeout", message: "" }].map(shortCause)).toEqual(["KeyError", "It took too long"]);
});

test("ways out: the server's own first, changing the inputs where there is room, three at most", () => {
  const elsewhere = { kind: "instance", title: "Run it on cinder", detail: "", instanceId: "c1" } as const;
  const smaller = { kind: "overrides", title: "A smaller batch", detail: "", overrides: { "5": { batch_size: 2 } } } as const;
  expect(offersOf([elsewhere, smaller]).map(({ kind, verb }) => [kind, verb])).toEqual([["instance", "Run on cinder"], ["overrides", "Change and run"], ["edit", "Edit inputs"]]);
  expect(offersOf([smaller, smaller, smaller, smaller]).length).toBe(3);
  expect(offersOf([]).map(({ kind }) => kind)).toEqual(["edit", "again"]);
  expect(offersOf([])[1]?.detail).toBe("Nothing is known that would help; it may have been chance");
  expect(offersOf([], false)[1]?.detail).toBe("It may have been chance");
  expect(offersOf([{ kind: "overrides", title: "odd", detail: "", overrides: "no table" }])[0]?.kind).toBe("edit");
});

test("the way on which it stopped goes through the failed node, from a loader to an output", () => {
  const nodes = [node("4", { state: "finished", durationMs: 9_000 }), node("5", { state: "cached" }), node("6", { state: "finished", durationMs: 50, from: ["4"] }), node("3", { state: "error", from: ["5", "6"] }), node("8", { state: "skipped", from: ["3"] }), node("9", { state: "skipped", from: ["8"] })];
  expect(pathThrough(nodes, "3").map(({ nodeId }) => nodeId)).toEqual(["4", "6", "3", "8", "9"]);
  expect(hadRun(nodes)).toBe("3 of 6 nodes had run");
  expect(pathThrough(nodes.slice(0, 2), undefined)).toEqual([]);
});

test("GPU memory is a curve where it was read at least three times while the attempt ran", () => {
  const reading = (ms: number, gib: number) => ({ t: iso(ms), usedBytes: gib * GIB, totalBytes: 12 * GIB });
  const all = [reading(-60_000, 1), reading(-5_000, 2), reading(5_000, 6), reading(15_000, 12), reading(90_000, 3)];
  const read = readingsOf(all, attempt(1, { startedAt: iso(0), completedAt: iso(20_000) }));
  expect(read.length).toBe(3);
  expect(curveOf(read)).toMatchObject({ line: "M0,84.67 L44,54 L88,8", mostBytes: 12 * GIB });
  expect(curveOf(read.slice(1))).toBeUndefined();
  expect(readingsOf(all, attempt(1))).toEqual([]);
});
