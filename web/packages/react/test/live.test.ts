import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveList } from "../src/core/live.js";
import type { Instance, Summary } from "../src/types/index.js";

const AT = "2026-11-24T16:39:04.974Z";
let frames: Map<number, () => void>;
let page: { hidden: boolean };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.parse(AT) });
  frames = new Map();
  let last = 0;
  page = { hidden: false };
  vi.stubGlobal("document", page);
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => (frames.set(++last, run), last));
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => frames.delete(frame));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function paint() {
  const due = [...frames.values()];
  frames.clear();
  for (const run of due) run();
}

function job(queueId: string, more: Partial<Summary> = {}): Summary {
  const base = { queueId, promptId: queueId, instanceId: "demo", origin: "observed", status: "processing", title: queueId } as const;
  return { ...base, createdAt: AT, overallPercentage: 0, retryCount: 0, sequence: 1, strip: [], outputCount: 0, ...more };
}

const second = (at: number) => new Date(Date.parse(AT) + at * 1000).toISOString();

function listOf(jobs: Summary[], instances: Instance[] = []) {
  const list = new LiveList();
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations: jobs, instances });
  const changes = { state: 0, order: 0 };
  list.state.subscribe(() => changes.state++);
  list.order.subscribe(() => changes.order++);
  const hear = (...updates: Summary[]) => {
    for (const generation of updates) {
      const { queueId, promptId, sequence, status } = generation;
      list.take({ type: "generation_update", timestamp: AT, queueId, promptId, attempt: 1, sequence, status, generation });
    }
  };
  return { list, changes, hear };
}

test("a thousand updates are one change, of the newest word on each job", () => {
  const { list, changes, hear } = listOf([job("a"), job("b")]);
  for (let at = 1; at <= 1000; at++) hear(job(at % 2 ? "a" : "b", { sequence: at, overallPercentage: at / 10 }));
  hear(job("a", { sequence: 5, overallPercentage: 1 }));
  expect([changes.state, frames.size]).toEqual([0, 1]);
  paint();
  expect(changes).toEqual({ state: 1, order: 0 });
  expect(list.state.getSnapshot().jobs.map((one) => one.overallPercentage)).toEqual([100, 99.9]);
  expect(frames.size).toBe(0);
});

test("who follows one job hears of no other, and a job that did not change stays the same object", () => {
  const { list, hear } = listOf([job("a"), job("b")]);
  const heard = { a: 0, b: 0 };
  list.job("a").subscribe(() => heard.a++);
  const stop = list.job("b").subscribe(() => heard.b++);
  const a = list.job("a").getSnapshot();
  const b = list.job("b").getSnapshot();
  hear(job("b", { sequence: 2, overallPercentage: 50 }), job("a", { sequence: 1 }));
  paint();
  expect(heard).toEqual({ a: 0, b: 1 });
  expect(list.job("a").getSnapshot()).toBe(a);
  expect(list.job("b").getSnapshot()).not.toBe(b);
  stop();
  hear(job("b", { sequence: 3 }));
  paint();
  expect(heard.b).toBe(1);
});

test("the order changes only when a job comes, goes or passes over", () => {
  const waiting = job("w", { status: "pending", createdAt: second(1) });
  const { list, changes, hear } = listOf([job("a", { startedAt: second(0) }), waiting]);
  const before = list.order.getSnapshot();
  expect(before).toEqual({ known: true, running: ["a"], waiting: ["w"], ended: [] });
  hear(job("a", { sequence: 2, startedAt: second(0), overallPercentage: 9 }), { ...waiting, queuePosition: 1, sequence: 2 });
  paint();
  expect(list.order.getSnapshot()).toBe(before);
  hear({ ...waiting, status: "processing", startedAt: second(2), sequence: 3 });
  paint();
  expect(list.order.getSnapshot()).toEqual({ known: true, running: ["w", "a"], waiting: [], ended: [] });
  expect(list.order.getSnapshot().ended).toBe(before.ended);
  hear(job("new", { status: "pending", createdAt: second(3) }), job("a", { status: "completed", sequence: 9 }));
  paint();
  expect(list.order.getSnapshot()).toEqual({ known: true, running: ["w"], waiting: ["new"], ended: ["a"] });
  expect(changes.order).toBe(2);
});

test("one that is tried again keeps its place among those that run", () => {
  const first = job("first", { startedAt: second(1) });
  const other = job("other", { startedAt: second(5) });
  const { list, hear } = listOf([first, other]);
  const retry = { retryAt: second(9), maxRetries: 3, error: { type: "t", message: "m" } };
  hear({ ...first, status: "pending", retry, sequence: 2 });
  paint();
  hear({ ...first, retryCount: 1, startedAt: second(10), sequence: 3 });
  paint();
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations: [{ ...first, retryCount: 1, startedAt: second(10), sequence: 3 }, other] });
  expect(list.order.getSnapshot().running).toEqual(["other", "first"]);
});

test("jobs come in at their place, newest first, and only so many that have ended are kept", () => {
  const ended = Array.from({ length: 500 }, (_, at) => job(`e${at}`, { status: "completed", createdAt: second(at) }));
  const { list, hear } = listOf(ended);
  hear(job("late", { createdAt: second(100.5), status: "failed" }), job("new", { createdAt: second(900) }));
  paint();
  const { jobs } = list.state.getSnapshot();
  expect([jobs[0]?.queueId, jobs.length]).toEqual(["new", 501]);
  expect(jobs.findIndex(({ queueId }) => queueId === "late")).toBe(400);
  expect(list.job("e0").getSnapshot()).toBeUndefined();
  expect(list.job("late").getSnapshot()?.status).toBe("failed");
});

test("a snapshot replaces all at once, and what it repeats stays the same object", () => {
  const { list, changes, hear } = listOf([job("a"), job("gone")]);
  const a = list.job("a").getSnapshot();
  hear(job("gone", { sequence: 7 }));
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations: [job("a"), job("b")] });
  expect(list.state.getSnapshot().jobs.map(({ queueId }) => queueId)).toEqual(["b", "a"]);
  expect(list.job("a").getSnapshot()).toBe(a);
  expect([changes, frames.size]).toEqual([{ state: 1, order: 1 }, 0]);
});

test("a hidden tab paints nothing, yet is told; so is one that is hidden before its frame comes", () => {
  const { changes, hear } = listOf([job("a")]);
  hear(job("a", { sequence: 2, overallPercentage: 1 }));
  page.hidden = true;
  vi.advanceTimersByTime(300);
  expect([changes.state, frames.size]).toEqual([1, 0]);
  hear(job("a", { sequence: 3, overallPercentage: 2 }));
  expect(frames.size).toBe(0);
  vi.advanceTimersByTime(300);
  expect(changes.state).toBe(2);
});

test("without animation frames a timer applies what was told", () => {
  vi.stubGlobal("requestAnimationFrame", undefined);
  const { changes, hear } = listOf([job("a")]);
  hear(job("a", { sequence: 2, overallPercentage: 1 }));
  hear(job("a", { sequence: 3, overallPercentage: 2 }));
  vi.advanceTimersByTime(16);
  expect(changes.state).toBe(1);
});

test("instances change with their own updates alone", () => {
  const instance = { instanceId: "i", state: "connected" } as Instance;
  const { list, hear } = listOf([job("a")], [instance]);
  const { instances } = list.state.getSnapshot();
  hear(job("a", { sequence: 2, overallPercentage: 5 }));
  list.take({ type: "instance_update", timestamp: AT, instance: { ...instance } });
  paint();
  expect(list.state.getSnapshot().instances).toBe(instances);
  list.take({ type: "instance_update", timestamp: AT, instance: { ...instance, state: "polling" } });
  paint();
  expect(list.state.getSnapshot().instances).toEqual([{ ...instance, state: "polling" }]);
});

test("the server's clock is told by its frames", () => {
  const { list } = listOf([]);
  list.take({ type: "snapshot", timestamp: second(60), queueId: "*", generations: [] });
  expect(list.serverTime(1000)).toBe(61_000);
});

test("a snapshot that was overtaken on its way takes nothing back", () => {
  const { list } = listOf([job("a", { sequence: 4, overallPercentage: 40 }), job("b", { sequence: 2 })]);
  const news = job("b", { sequence: 7, overallPercentage: 70 });
  list.take({ type: "generation_update", timestamp: AT, queueId: "b", promptId: "b", attempt: 1, sequence: 7, status: "processing", generation: news });
  const generations = [job("a", { sequence: 3, overallPercentage: 30 }), job("b", { sequence: 6, overallPercentage: 60 })];
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations, instances: [] });
  expect(["a", "b"].map((id) => list.job(id).getSnapshot()?.overallPercentage)).toEqual([40, 70]);
});

test("a snapshot that was cut takes nothing away, until all that wait or run are told", () => {
  const known = [job("a"), job("b"), job("ended", { status: "completed" }), job("over")];
  const { list, hear } = listOf(known);
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations: [job("a")], instances: [], truncated: true });
  const ids = () => list.order.getSnapshot();
  expect([ids().running.toSorted(), ids().ended]).toEqual([["a", "b", "over"], ["ended"]]);
  hear(job("new"));
  list.complete([job("a"), job("b", { sequence: 2, overallPercentage: 20 }), job("c")], true);
  paint();
  expect([ids().running.toSorted(), ids().ended]).toEqual([["a", "b", "c", "new"], ["ended"]]);
  expect(list.job("b").getSnapshot()?.overallPercentage).toBe(20);
});

test("where not even all that wait or run could be told, nobody is taken to have ended", () => {
  const { list } = listOf([job("a"), job("b")]);
  list.take({ type: "snapshot", timestamp: AT, queueId: "*", generations: [job("a")], instances: [], truncated: true });
  list.complete([job("a")], false);
  paint();
  expect(list.order.getSnapshot().running.toSorted()).toEqual(["a", "b"]);
});
