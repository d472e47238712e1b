import { UNKNOWN, type Generation, type JobState } from "@comfyui-monitor/react";
import { beforeEach, expect, test, vi } from "vitest";
import { EMPTY_FORM, load, readForm, refuse, renew, throwDice, type, type FormState } from "../src/routes/generate/form/form.js";
import { seedOf, send, submissionOf } from "../src/routes/generate/form/submit.js";
import { Kept } from "../src/routes/generate/kept.js";
import { made, readOwn, type OwnJobs } from "../src/routes/generate/session.js";
import { resultsOf, sameAs, shownJob, stageAfter, waitingBehind, type Candidate } from "../src/routes/generate/stage/which.js";
import { Problem, type MonitorClient } from "@comfyui-monitor/react";
import { FORM } from "./form.js";

function job(queueId: string, about: Partial<Generation> | undefined | null): Candidate {
  const base = { queueId, promptId: `p-${queueId}`, status: "pending", nodes: [], outputs: [], attempts: [], createdAt: "2026-11-24T10:00:00.000Z", overallPercentage: 0 };
  const generation = about && ({ ...base, ...about } as unknown as Generation);
  return { queueId, state: { ...UNKNOWN, generation } as JobState };
}

const output = (mediaId: string, sha256: string, about = {}) => ({ mediaId, nodeId: "9", kind: "image", preview: false, status: "stored", sha256, ...about }) as Generation["outputs"][number];

test("what runs for this tab is on the stage, however many were sent since", () => {
  const own = [job("c", { status: "pending" }), job("b", { status: "processing" }), job("a", { status: "completed" })];
  expect(shownJob(own, undefined)).toBe("b");
  expect(waitingBehind(own, "b")).toBe(1);
});

test("of those that wait the first in line is shown, and when all are over the newest", () => {
  expect(shownJob([job("c", {}), job("b", {}), job("a", { status: "failed" })], undefined)).toBe("b");
  expect(shownJob([job("c", { status: "completed" }), job("b", { status: "failed" })], undefined)).toBe("c");
});

test("one between two attempts is at work", () => {
  const retry = { retryAt: "2026-11-24T10:00:00.000Z", maxRetries: 3, error: { type: "x", message: "y" } };
  expect(shownJob([job("b", {}), job("a", { retry })], undefined)).toBe("a");
});

test("one that was only just sent is shown before it is known", () => {
  expect(shownJob([job("b", undefined), job("a", { status: "completed" })], undefined)).toBe("b");
  expect(shownJob([job("b", undefined), job("a", { status: "processing" })], undefined)).toBe("a");
});

test("the address has the last word, and without jobs of this tab nothing is shown unasked", () => {
  expect(shownJob([job("a", { status: "processing" })], "x")).toBe("x");
  expect(shownJob([], undefined)).toBeUndefined();
});

test("the end of a job is seen before the next one takes its place", () => {
  const [running, over, next] = [job("a", { status: "processing" }), job("a", { status: "completed" }), job("b", { status: "processing" })];
  const working = stageAfter({ queueId: undefined, phase: "resting" }, [running], "a", false);
  expect(working).toEqual({ queueId: "a", phase: "working" });
  const ending = stageAfter(working, [next, over], "b", false);
  expect(ending).toEqual({ queueId: "a", phase: "ending" });
  expect(stageAfter(ending, [next, over], "b", false)).toBe(ending);
  expect(stageAfter(ending, [next, over], "b", true)).toEqual({ queueId: "b", phase: "working" });
  expect(stageAfter({ ...ending, phase: "resting" }, [next, over], "b", false)).toEqual({ queueId: "b", phase: "working" });
});

test("results are those of all jobs of the tab, newest job first, without temporary pictures", () => {
  const jobs = [
    job("b", { outputs: [output("3", "c"), output("4", "d", { preview: true })] }),
    job("a", { outputs: [output("1", "a"), output("2", "b", { status: "failed" })] }),
  ];
  expect(resultsOf(jobs).map(({ output, queueId }) => [output.mediaId, queueId])).toEqual([["3", "b"], ["1", "a"]]);
});

test("a picture from the cache is told from which earlier job it is", () => {
  const earlier = job("a", { outputs: [output("1", "same")], createdAt: "2026-11-24T09:00:00.000Z" });
  const shown = job("b", { outputs: [output("2", "same")] });
  expect(sameAs([shown, earlier], shown)?.queueId).toBe("a");
  expect(sameAs([shown], shown)).toBeUndefined();
});

function storage() {
  const values = new Map<string, string>();
  return { values, getItem: (key: string) => values.get(key) ?? null, setItem: (key: string, value: string) => void values.set(key, value), removeItem: (key: string) => void values.delete(key) };
}

const forms = (of = storage(), limit = 100_000) => new Kept<FormState>("form", EMPTY_FORM, { limit, read: readForm, storage: of });
const jobs = (of = storage()) => new Kept<OwnJobs>("jobs", [], { limit: 100_000, read: readOwn, storage: of });

beforeEach(() => {
  vi.useFakeTimers();
  return () => void vi.useRealTimers();
});

test("form and jobs of a tab survive a reload, seeds to their last digit", () => {
  const kept = storage();
  const form = forms(kept);
  load({ ...FORM, name: "cat.json" }, form);
  type({ "3:seed": "18446744073709551615" }, form);
  made({ queueId: "q", seed: "18446744073709551615" }, jobs(kept));
  vi.runAllTimers();
  expect(forms(kept).get()).toEqual(form.get());
  expect(seedOf(forms(kept).get())).toBe("18446744073709551615");
  expect(jobs(kept).get()).toEqual([{ queueId: "q", seed: "18446744073709551615" }]);
});

test("what is too large, or of another version of the page, is not kept and does no harm", () => {
  const kept = storage();
  load({ ...FORM, name: "cat.json" }, forms(kept, 10));
  vi.runAllTimers();
  expect(kept.values.size).toBe(0);
  for (const text of ["{", "null", "[]", '{"loaded":{"name":5}}', '"x"']) {
    kept.values.set("form", text).set("jobs", text);
    expect(forms(kept).get()).toEqual(EMPTY_FORM);
    expect(jobs(kept).get()).toEqual([]);
  }
});

test("another workflow takes the place of the one before, which can be put back", () => {
  const form = forms();
  load({ ...FORM, name: "a.json" }, form);
  type({ "3:steps": "30" }, form);
  const putBack = load({ ...FORM, name: "b.json" }, form);
  expect(form.get()).toMatchObject({ loaded: { name: "b.json" }, drafts: {} });
  putBack();
  expect(form.get()).toMatchObject({ loaded: { name: "a.json" }, drafts: { "3:steps": "30" } });
});

test("what ComfyUI said against a field goes as soon as the field changes", () => {
  const form = forms();
  load({ ...FORM, name: "a.json" }, form);
  refuse([{ nodeId: "3", input: "steps", message: "no" }, { message: "cycle" }], form);
  expect(form.get()).toMatchObject({ refused: { "3:steps": "no" }, complaints: [{ message: "cycle" }] });
  type({ "3:steps": "5" }, form);
  expect(form.get()).toMatchObject({ refused: {}, complaints: [] });
});

test("dice give a new seed at once; another reading of the graph keeps what was typed", () => {
  const form = forms();
  load({ ...FORM, name: "a.json" }, form);
  expect(throwDice(undefined, form)).toBe(true);
  expect(form.get().drafts["3:seed"]).toMatch(/^\d+$/);
  expect(form.get().throws).toEqual({ "3:seed": 1 });
  renew({ ...FORM, inputs: FORM.inputs.filter(({ role }) => role !== "seed") }, form);
  expect(form.get().drafts).toEqual({});
});

const IDS = { queueId: "q", idempotencyKey: "k" };

test("a submission has the graph as it was read and what was changed in it; a title only where there is no prompt", () => {
  const state: FormState = { ...EMPTY_FORM, loaded: { ...FORM, name: "a.json" }, drafts: { "3:steps": "30" } };
  expect(submissionOf(state, IDS)).toEqual({ workflow: FORM.workflow, ...IDS, overrides: { "3": { steps: 30 } } });
  expect(submissionOf({ ...state, drafts: { "6:text": " " }, instanceId: "cinder" }, IDS)).toMatchObject({ title: "a cat", instanceId: "cinder" });
  expect(submissionOf({ ...state, drafts: { "3:steps": "0" } }, IDS)).toBeUndefined();
});

test("a job is known before it is sent; refused ones are forgotten, and their complaints are at the fields", async () => {
  const stores = { form: forms(), ownJobs: jobs() };
  load({ ...FORM, name: "a.json" }, stores.form);
  const nodeErrors = [{ nodeId: "3", input: "steps", message: "no" }];
  const generate = vi.fn(async () => {
    expect(stores.ownJobs.get()).toHaveLength(1);
    throw new Problem({ status: 422, nodeErrors });
  });
  expect(await send({ generate } as unknown as MonitorClient, stores)).toBeUndefined();
  expect(stores.ownJobs.get()).toEqual([]);
  expect(stores.form.get().refused).toEqual({ "3:steps": "no" });
});

test.each([0, 500, 503, 504])("sent again after no answer it is the same job (%i)", async (status) => {
  const stores = { form: forms(), ownJobs: jobs() };
  load({ ...FORM, name: "a.json" }, stores.form);
  const sent: { queueId: string; idempotencyKey: string }[] = [];
  const generate = async (submission: { queueId: string; idempotencyKey: string }) => {
    sent.push(submission);
    if (sent.length === 1) throw new Problem({ status, detail: "The monitor does not answer" });
    return submission;
  };
  const client = { generate } as unknown as MonitorClient;
  await expect(send(client, stores)).rejects.toThrow("does not answer");
  await send(client, stores);
  await send(client, stores);
  expect(sent[1]).toMatchObject({ queueId: sent[0]?.queueId, idempotencyKey: sent[0]?.idempotencyKey });
  expect(sent[2]?.queueId).not.toBe(sent[0]?.queueId);
});

test("sent again after it was not taken it is another job", async () => {
  const stores = { form: forms(), ownJobs: jobs() };
  load({ ...FORM, name: "a.json" }, stores.form);
  const generate = vi.fn(async (_submission: { queueId: string }) => Promise.reject(new Problem({ status: 429 })));
  const client = { generate } as unknown as MonitorClient;
  for (let times = 0; times < 2; times += 1) await expect(send(client, stores)).rejects.toThrow("Too much is asked at once");
  const [first, second] = generate.mock.calls;
  expect(second?.[0].queueId).not.toBe(first?.[0].queueId);
});
