import { describe, expect, test } from "vitest";
import { UNKNOWN, withFrame, withSnapshot, type JobState } from "../src/core/reducer.js";
import { peaksOf } from "../src/core/waveform.js";
import { isOffline } from "../src/hooks/useOffline.js";
import {
  announcement,
  changesOf,
  complaintLine,
  emptyFrame,
  errorMarkdown,
  finishedRows,
  ghostOf,
  inOrder,
  mainOutput,
  nodeNames,
  noticeOf,
  overallWords,
  readTraceback,
  retryWords,
  seedOf,
  stepsDone,
  verbOf,
  withNewSeed,
} from "../src/words/index.js";
import type { Generation, Node, Output } from "../src/types/index.js";
import { jobs } from "./golden.js";

function statesOf(name: string): JobState[] {
  const [job] = jobs().filter((job) => job.name.startsWith(name));
  const states: JobState[] = [];
  let state = UNKNOWN;
  for (const heard of job?.heard ?? []) {
    state = "view" in heard ? withSnapshot(state, heard.view, heard.at) : withFrame(state, heard.frame, Date.parse(heard.frame.timestamp));
    states.push(state);
  }
  return states;
}

function node(nodeId: string, title: string, more: Partial<Node> = {}): Node {
  return { nodeId, displayNodeId: nodeId, title, kind: "other", state: "finished", dependencies: [], ...more };
}

describe("retries", () => {
  const states = statesOf("retried");
  const waiting = states.find((state) => state.generation?.retry)?.generation as Generation;
  const second = states.find((state) => state.generation?.attempts.length === 2 && state.running.length > 0) as JobState;

  test("while it waits the banner says what is done, of how many, what happened and where, and what comes next", () => {
    expect(retryWords(waiting)).toEqual({
      waiting: true,
      doing: "Trying again with a smaller batch",
      attempt: "Attempt 2 of 4",
      happened: "Attempt 1 ran out of GPU memory in",
      place: "K-Sampler at step 12 of 20",
      because: undefined,
      changes: [{ what: "Batch size", from: "4", to: "2" }],
      next: "If this fails too: batch size 1",
    });
  });

  test("the second attempt says the same while it runs, from frames alone", () => {
    expect(retryWords(second.generation as Generation, second.retried)).toMatchObject({
      waiting: false,
      attempt: "Attempt 2 of 4",
      place: "K-Sampler at step 12 of 20",
      changes: [{ what: "Batch size", from: "4", to: "2" }],
      next: "If this fails too: batch size 1",
    });
  });

  test("of how many is not said where nothing told it, and nothing is said once it has ended", () => {
    expect(retryWords(second.generation as Generation)).toMatchObject({ attempt: "Attempt 2", next: undefined });
    expect(retryWords(states.at(-1)?.generation as Generation)).toBeUndefined();
  });

  test("the step bar is marked where the attempt before stopped, in that node and that count of steps only", () => {
    const generation = second.generation as Generation;
    expect(ghostOf(generation, "3", 20)).toEqual({ value: 12, attempt: 1 });
    expect(ghostOf(generation, "3", 30)).toBeUndefined();
    expect(ghostOf(generation, "8", 20)).toBeUndefined();
    expect(ghostOf(waiting, "3", 20)).toBeUndefined();
  });

  test("an error that is not about memory is told by its message, and one of the server by what became of it", () => {
    const { retry, attempts } = waiting;
    const because = (type: string, message = "bad value\nmore") => {
      const error = { ...retry?.error, type, message };
      return retryWords({ ...waiting, retry: { ...retry, error } } as Generation);
    };
    expect(because("ValueError")).toMatchObject({ happened: "Attempt 1 failed in", because: "bad value" });
    expect(because("instance_lost")).toMatchObject({ happened: "Attempt 1 was lost: its server restarted", place: undefined });
    expect(because("timeout")).toMatchObject({ happened: "Attempt 1 took too long in", because: undefined });
    const nowhere = { ...waiting, attempts: attempts.map(({ stoppedAt: _, ...attempt }) => attempt), retry: { ...retry, error: { type: "X", message: "" } } };
    expect(retryWords(nowhere as Generation)).toMatchObject({ happened: "Attempt 1 failed", place: undefined, because: "X" });
  });

  test.each([
    ["Batch size 4 to 2, new seed", [{ what: "Batch size", from: "4", to: "2" }, { what: "New seed" }]],
    ["1024 × 1024 to 768 × 768", [{ what: "Size", from: "1024 × 1024", to: "768 × 768" }]],
    ["1 to 0.57 megapixels", [{ what: "Megapixels", from: "1", to: "0.57" }]],
    ["81 frames to 49", [{ what: "Frames", from: "81", to: "49" }]],
    ["VAE Decoder in tiles", [{ what: "VAE Decoder in tiles" }]],
    ["Memory freed first, on another instance", [{ what: "Memory freed first" }, { what: "On another instance" }]],
    [undefined, []],
  ])("a change is read into what it was and what it becomes: %s", (change, read) => {
    expect(changesOf(change)).toEqual(read);
  });
});

describe("names and rows", () => {
  test("two nodes of one name get their id; children of an expanded node do not count", () => {
    const names = nodeNames([node("6", "CLIP Text Encoder"), node("7", "CLIP Text Encoder"), node("3", "K-Sampler"), node("3.0.1", "K-Sampler", { parentNodeId: "3" })]);
    expect([...names.values()]).toEqual(["CLIP Text Encoder 6", "CLIP Text Encoder 7", "K-Sampler", "K-Sampler"]);
  });

  test("neighbours alike become one row with the time of both; others keep apart", () => {
    const nodes = [
      node("4", "Checkpoint Loader", { durationMs: 11_400 }),
      node("6", "CLIP Text Encoder", { durationMs: 400 }),
      node("7", "CLIP Text Encoder", { durationMs: 220 }),
      node("5", "CLIP Text Encoder", { state: "cached" }),
    ];
    const rows = finishedRows(nodes, nodeNames(nodes));
    expect(rows.map(({ name, durationMs }) => [name, durationMs])).toEqual([
      ["Checkpoint Loader", 11_400],
      ["CLIP Text Encoder, twice", 620],
      ["CLIP Text Encoder 5", undefined],
    ]);
  });

  test("a row that is there does not move when a node before it in the graph is done later", () => {
    const shown = inOrder(["2", "3"], [node("1", "a"), node("2", "b"), node("3", "c")]);
    expect(shown.map(({ nodeId }) => nodeId)).toEqual(["2", "3", "1"]);
    expect(inOrder([], [node("1", "a", { startedAt: "2" }), node("2", "b", { startedAt: "1" })]).map(({ nodeId }) => nodeId)).toEqual(["2", "1"]);
  });

  test("steps are of samplers, counts of others, and fractions are nothing to count", () => {
    expect(stepsDone({ kind: "sampler", value: 15, max: 20 })).toBe("15/20 steps");
    expect(stepsDone({ kind: "upscaler", value: 3, max: 9 })).toBe("3/9");
    expect(stepsDone({ kind: "other", value: 0.4, max: 1 })).toBeUndefined();
    expect(stepsDone({ kind: "loader" })).toBeUndefined();
    expect(verbOf("Loading Checkpoint Loader")).toBe("Loading");
  });
});

describe("errors", () => {
  const failed = statesOf("08-oom").find((state) => state.generation?.error)?.generation as Generation;
  const error = failed.error as NonNullable<Generation["error"]>;

  test("a traceback is read with its last call first and paths as ComfyUI has them", () => {
    const { calls, rest } = readTraceback(error.traceback ?? []);
    expect(rest).toEqual([]);
    expect(calls.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "custom_nodes/trace-nodes/__init__.py:61",
      "execution.py:306",
      "execution.py:318",
      "execution.py:344",
      "execution.py:545",
    ]);
    expect(calls[1]?.code).toBe("result = f(**inputs)");
  });

  test.each([
    ["C:\\ComfyUI\\comfy\\samplers.py", "comfy/samplers.py"],
    ["/venv/lib/python3.12/site-packages/torch/nn/functional.py", "torch/nn/functional.py"],
    ["/usr/lib/python3.12/asyncio/runners.py", "asyncio/runners.py"],
    ["/opt/app/nodes.py", "nodes.py"],
    ["/home/mara/secret/thing/deep.py", "thing/deep.py"],
  ])("no folder of the server's owner is shown: %s", (path, shown) => {
    expect(readTraceback([`  File "${path}", line 1, in f\n`]).calls[0]?.path).toBe(shown);
  });

  test("what is no call is kept as it is", () => {
    expect(readTraceback(["not a traceback"])).toEqual({ calls: [], rest: ["not a traceback"] });
  });

  test("copied as Markdown it carries type, message, node, attempts, versions and the whole traceback", () => {
    const [attempt] = failed.attempts;
    const generation = { ...failed, attempts: [attempt, { ...attempt, number: 2, change: "Batch size 4 to 2" }] } as Generation;
    const text = errorMarkdown(error, { generation, comfyuiVersion: "0.33.0" });
    for (const part of [
      "**`torch.OutOfMemoryError`**",
      "Tried to allocate 20.00 GiB",
      "- In Trace Raise (TraceRaise, node 2)",
      "- Attempt 1 (as asked): failed in node 2, step 3 of 10, torch.OutOfMemoryError",
      "- Attempt 2 (Batch size 4 to 2): failed",
      "- ComfyUI 0.33.0",
      'File "/comfyui/custom_nodes/trace-nodes/__init__.py", line 61, in run',
    ]) {
      expect(text).toContain(part);
    }
  });

  test("no message can close the block it is copied in", () => {
    expect(errorMarkdown({ type: "a`b", message: "```\n# I am a heading" })).toContain("````\n```\n# I am a heading\n````");
  });

  test("a complaint names its node and its input", () => {
    expect(complaintLine({ nodeTitle: "K-Sampler", input: "steps", message: "0 is below the least, 1" })).toBe("K-Sampler, steps: 0 is below the least, 1");
    expect(complaintLine({ message: "no outputs" })).toBe("no outputs");
  });
});

describe("the whole job", () => {
  const at = (state: JobState) => overallWords(state, state.heardAt);

  test("it says how it stands in every state", () => {
    const said = statesOf("retried").map((state) => at(state).headline);
    expect(said[0]).toBe("Waiting for a ComfyUI server");
    expect(said).toContain("2nd in line");
    expect(said).toContain("not known yet");
    expect(said).toContain("Between two attempts");
    expect(said.at(-1)).toBe("Done in 11.5 s");
  });

  test("a second attempt tells its own time and that of all", () => {
    const second = statesOf("retried").find((state) => state.generation?.attempts.length === 2 && state.elapsedMs >= 1000) as JobState;
    expect(at(second).detail).toBe("0:01 in attempt 2, 0:10 in all");
  });

  test("where the end is in sight, so is the time of day", () => {
    const [running] = statesOf("02-txt2img").filter((state) => state.running.length > 0);
    const known = { ...running, generation: { ...running?.generation, eta: { remainingMs: 20_000, lowMs: 18_000, highMs: 23_000 } } } as JobState;
    expect(at(known)).toMatchObject({ headline: "about 20 s left" });
    expect(at(known).detail).toMatch(/^\d:\d\d so far, ready around \d\d:\d\d:\d\d$/);
  });

  test.each([
    ["03-all-cached", "cached", "Nothing to do: 7 nodes came from cache"],
    ["09-interrupt-sampling", "interrupted", "Workflow with 7 nodes was stopped at the server in K-Sampler at step 3 of 30"],
    ["15-server-killed", "lost", "default keeps no record of this job"],
    ["08-oom", "failed", "The card ran out of memory in Trace Raise at step 3 of 10"],
  ])("an end of its own kind is told in the server's words: %s", (name, state, title) => {
    const found = statesOf(name).flatMap((state) => noticeOf(state) ?? []);
    expect(found.at(-1)).toMatchObject({ state, title });
  });

  test("a silent one says how long the node usually takes", () => {
    const [running] = statesOf("02-txt2img").filter((state) => state.running.length > 0);
    const nodes = running?.generation?.nodes.map((node) => ({ ...node, expectedMs: 40_000 }));
    const generation = { ...running?.generation, nodes, stalledSince: "2026-01-01T00:00:00.000Z", message: "No word from K-Sampler for 1:12" };
    expect(noticeOf({ ...running, generation } as JobState)).toEqual({
      state: "stalled",
      title: "No word from K-Sampler for 1:12",
      detail: "It usually takes 40 s. Nothing says that it ended, so we wait",
    });
  });

  test("who listens hears starts, quarters, retries and the end, and no steps", () => {
    const states = statesOf("retried");
    const told = states.flatMap((state, at) => announcement(states[at - 1] ?? state, state) ?? []);
    const texts = told.map(({ text }) => text);
    expect(texts).toContain("K-Sampler runs");
    expect(texts).toContain("Trying again in 8 s, batch size 2 instead of 4. Attempt 2 of 4");
    expect(texts.at(-1)).toContain("is done");
    expect(texts.length).toBeLessThan(states.length);
    const oom = statesOf("08-oom");
    expect(oom.flatMap((state, at) => announcement(oom[at - 1] ?? state, state) ?? []).at(-1)).toMatchObject({ urgent: true });
  });
});

describe("pictures", () => {
  test("an empty frame promises a preview only where one is to come", () => {
    const states = statesOf("02-txt2img");
    expect(states.map(emptyFrame)).toContain("The first preview comes after a few steps");
    expect(statesOf("01-trivial").map(emptyFrame)).not.toContain("The first preview comes after a few steps");
  });

  test("the result to show is the last picture, a temp file only where there is no other", () => {
    const output = (mediaId: string, more: Partial<Output> = {}): Output => ({ mediaId, nodeId: "9", kind: "image", preview: false, status: "stored", ...more });
    expect(mainOutput([output("a"), output("b"), output("c", { kind: "text" }), output("d", { preview: true })])?.mediaId).toBe("b");
    expect(mainOutput([output("a", { status: "failed" }), output("d", { preview: true })])?.mediaId).toBe("d");
    expect(mainOutput([])).toBeUndefined();
  });

  test("a seed is found in the graph, in what was changed about it first, and can be thrown anew", () => {
    const workflow = { "4": { inputs: { ckpt_name: "x" } }, "3": { inputs: { seed: "18446744073709551615", model: ["4", 0] } } };
    const seed = seedOf(workflow);
    expect(seed).toEqual({ nodeId: "3", input: "seed", value: "18446744073709551615" });
    expect(seedOf(workflow, { "3": { seed: 7 } })?.value).toBe("7");
    expect(withNewSeed(seed as NonNullable<typeof seed>, { "3": { steps: 9 } }, () => 0.5)).toEqual({ "3": { steps: 9, seed: 2 ** 47 } });
    expect(seedOf({ "3": { inputs: { seed: ["5", 0] } } })).toBeUndefined();
    expect(seedOf(undefined)).toBeUndefined();
  });

  test("a sound is drawn by its loudest moments", () => {
    expect(peaksOf([0, 0.25, -0.5, 0, 0, 0.1], 3)).toEqual([0.5, 1, 0.2]);
    expect(peaksOf([], 2)).toEqual([0, 0]);
  });

  test("a first try to connect is not offline, and a try after a loss still is", () => {
    expect(isOffline(false, "connecting")).toBe(false);
    expect(isOffline(false, "waiting")).toBe(true);
    expect(isOffline(true, "connecting")).toBe(true);
    expect(isOffline(true, "live")).toBe(false);
  });
});
