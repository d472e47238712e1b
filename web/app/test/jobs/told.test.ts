import { expect, test } from "vitest";
import { figuresOf, told } from "../../src/routes/jobs/told.js";
import { tabCounts } from "../../src/routes/jobs/counts.js";
import { emptyWords } from "../../src/routes/jobs/emptyWords.js";
import { UNFILTERED } from "../../src/routes/jobs/filters.js";
import { AT, iso, summary } from "./summary.js";

const at = { now: AT };
const current = { nodeId: "3", title: "K-Sampler", kind: "sampler", value: 15, max: 20 } as const;
const eta = { remainingMs: 20_000, lowMs: 18_000, highMs: 22_000 };
const oom = { type: "torch.OutOfMemoryError", message: "CUDA out of memory", nodeTitle: "K-Sampler" };

test("one that runs: node, steps, percent, time left, how long", () => {
  const row = told(summary("a", { current, eta, overallPercentage: 66.9, startedAt: iso(AT - 41_500) }), at);
  expect(row).toMatchObject({ state: "running", doing: "K-Sampler, 15/20 steps", kind: "sampler", percent: "66%", time: "about 20 s", age: "0:41" });
  expect(row.badge).toBeUndefined();
});

test("without a step count no step is made up", () => {
  expect(told(summary("a", { current: { ...current, kind: "loader", title: "Checkpoint Loader", value: undefined, max: undefined } as never }), at).doing).toBe("Checkpoint Loader");
  expect(told(summary("a", { coarse: true }), at).percent).toBe("");
});

test("offline, figures are of an earlier moment", () => {
  const row = told(summary("a", { current, eta, overallPercentage: 66 }), { ...at, isOffline: true });
  expect([row.percent, row.time]).toEqual(["was 66%", ""]);
});

test("one that waits: its place and when it starts", () => {
  const job = summary("a", { status: "pending", queuePosition: 3, estimatedWaitTime: 125_000, createdAt: iso(AT - 90_000) });
  expect(told(job, at)).toMatchObject({ state: "queued", doing: "3rd in line", percent: "", time: "starts in 2 min", age: "1:30" });
  expect(told({ ...job, estimatedWaitTime: 900 }, at).time).toBe("in a few seconds");
  expect(told(job, { ...at, isCancelling: true }).time).toBe("Cancelling");
});

test("between two attempts it says which is next, what changes and when", () => {
  const retry = { retryAt: iso(AT + 8_000), maxRetries: 3, error: oom, change: "Batch size 4 to 2" };
  const row = told(summary("a", { status: "pending", retry, overallPercentage: 0 }), at);
  expect(row).toMatchObject({ state: "retrying", badge: { text: "Attempt 1 of 4, batch size 4 → 2", tone: "retrying" }, doing: "tries again in 8 s", time: "" });
});

test("while the next attempt runs, what led to it is still told where it was heard", () => {
  const job = summary("a", { retryCount: 1, current });
  expect(told(job, at).badge?.text).toBe("Attempt 2");
  expect(told(job, { ...at, retry: { maxRetries: 3, change: "Batch size 4 to 2" } }).badge?.text).toBe("Attempt 2 of 4, batch size 4 → 2");
});

test("silence is told before anything else, and in whole seconds", () => {
  const job = summary("a", { stalledSince: iso(AT - 72_400), retryCount: 1, eta, current });
  expect(told(job, at)).toMatchObject({ state: "stalled", badge: { text: "No word for 1:12", tone: "stalled" }, time: "not known" });
});

test("what became of those that ended", () => {
  const done = { status: "completed", durationMs: 61_000, outputCount: 2, strip: [{ state: "finished", ms: 5 }] } as const;
  expect(told(summary("a", { ...done, strip: [...done.strip] }), at)).toMatchObject({ state: "done", doing: "2 results", time: "took 1:01", percent: "" });
  const cached = { ...done, strip: [{ state: "cached" as const, ms: 0 }], durationMs: 40 };
  expect(told(summary("a", cached), at)).toMatchObject({ state: "cached", doing: "2 results, all from cache", time: "took 0.04 s" });
  const failed = told(summary("a", { status: "failed", error: oom, retryCount: 3, durationMs: 232_000 }), at);
  expect(failed).toMatchObject({ state: "failed", badge: { text: "Out of memory, 4 attempts", tone: "failed" }, doing: "K-Sampler", time: "after 3:52" });
  const lost = summary("a", { status: "failed", reason: "instance_lost", error: { type: "instance_lost", message: "gone" } });
  expect(told(lost, at)).toMatchObject({ state: "lost", badge: { text: "Lost with a restart", tone: "lost" }, doing: "server restarted", time: "" });
  expect(told(summary("a", { status: "interrupted", reason: "cancelled" }), at)).toMatchObject({ state: "interrupted", doing: "cancelled" });
  expect(told(summary("a", { ...done, strip: [], warnings: [{ message: "x" }] }), at).badge?.text).toBe("1 warning");
});

test("figures that are not known are left out", () => {
  const said = (today: Parameters<typeof figuresOf>[0]) => figuresOf(today).map(({ value, of }) => `${value} ${of}`);
  expect(said({ jobs: 142, medianWaitMs: 3_100, successPercentage: 97.57 })).toEqual(["142 today", "3.1 s median wait", "97.5% came through"]);
  expect(said({ jobs: 0 })).toEqual(["0 today"]);
});

test("those at work are counted as heard live, the others as the API counts them", () => {
  const counts = { pending: 9, processing: 8, completed: 100, failed: 3, interrupted: 2 };
  expect(tabCounts(counts, { running: 2, waiting: 1 })).toEqual({ all: 108, running: 2, waiting: 1, done: 100, wrong: 5 });
  expect(tabCounts(counts, undefined)).toMatchObject({ running: 8, waiting: 9 });
  expect(tabCounts(undefined, { running: 2, waiting: 1 })).toBeUndefined();
});

test("an empty list says which jobs would be in it", () => {
  expect(emptyWords({ ...UNFILTERED, show: "wrong" })).toMatchObject({ title: "Nothing went wrong in the last 7 days", text: "Failed, lost and interrupted jobs would be here" });
  expect(emptyWords({ ...UNFILTERED, since: "all" }).title).toBe("No jobs yet");
  expect(emptyWords({ ...UNFILTERED, q: "cat", since: "today" }).title).toBe("No job matches “cat” today");
});
