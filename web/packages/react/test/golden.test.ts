import { expect, test } from "vitest";
import { etaAt } from "../src/core/select.js";
import { UNKNOWN, withFrame, withSnapshot, type JobState } from "../src/core/reducer.js";
import type { Generation, Node } from "../src/types/index.js";
import { jobs, type Heard, type Job } from "./golden.js";

const JOBS = jobs();

/** What both sides know, as of `at`. */
function known(generation: Generation, eta = generation.eta) {
  const { queueId, promptId, status, reason, overallPercentage, message, error, retryCount, queuePosition } = generation;
  const { stalledSince, criticalNodeId, overMs, next = [], outputs } = generation;
  const retry = generation.retry;
  const attempts = generation.attempts.map(({ number, promptId, status, error, stoppedAt, change }) => {
    return { number, promptId, status, error, stoppedAt, change };
  });
  const about = { queueId, promptId, status, reason, overallPercentage, message, error, retryCount, retry, queuePosition };
  return { ...about, eta, stalledSince, criticalNodeId, overMs, next, outputs, attempts, nodes: generation.nodes.map(node) };
}

function node({ nodeId, displayNodeId, title, kind, state, value, max, percentage, durationMs, dependencies }: Node) {
  return { nodeId, displayNodeId, title, kind, state, value, max, percentage, durationMs, dependencies };
}

function take(state: JobState, heard: Heard): JobState {
  if ("view" in heard) return state;
  return withFrame(state, heard.frame, Date.parse(heard.frame.timestamp));
}

function holds(state: JobState, { view, at }: { view: Generation; at: number }, where: string) {
  expect(state.generation && known(state.generation, etaAt(state, at)), where).toEqual(known(view));
}

function begin({ heard: [first] }: Job): JobState {
  if (!first || !("view" in first)) throw new Error("a job begins with a view");
  return withSnapshot(UNKNOWN, first.view, first.at);
}

test("there are jobs of most recordings, and most kinds of frames", () => {
  expect(JOBS.length).toBeGreaterThan(40);
  const types = new Set(JOBS.flatMap(({ heard }) => heard.flatMap((one) => ("frame" in one ? [one.frame.type] : []))));
  expect([...types].sort()).toEqual([
    "completed",
    "job_failed",
    "job_interrupted",
    "job_progress",
    "job_queued",
    "job_retry",
    "job_started",
    "node_executed",
    "outputs",
    "queue_update",
    "workflow_nodes",
  ]);
});

test.each(JOBS)("after every stretch of frames the state is the server's own view: $name", (job) => {
  let state = begin(job);
  job.heard.forEach((heard, at) => {
    state = take(state, heard);
    if ("view" in heard) holds(state, heard, `${job.name}, line ${at}`);
  });
});

test.each(JOBS)("a stream that is cut anywhere and resumed by a snapshot comes to the same state: $name", (job) => {
  const views = job.heard.flatMap((heard, at) => ("view" in heard ? [at] : []));
  // Of a long one, every so many.
  const every = Math.ceil(job.heard.length / 40);
  let before = begin(job);
  job.heard.forEach((heard, cut) => {
    before = take(before, heard);
    // Nothing is heard from here to the snapshot; what was sent before it comes once more, as after a reconnect.
    const resumed = views.find((at) => at > cut);
    if (resumed === undefined || cut % every > 0) return;
    const { view, at } = job.heard[resumed] as { view: Generation; at: number };
    const snapshot = withSnapshot(before, view, at);
    let state = snapshot;
    for (const old of job.heard.slice(0, resumed)) {
      if ("frame" in old && old.frame.sequence < view.sequence) state = take(state, old);
    }
    expect(state, "what is older than the snapshot changes nothing").toBe(snapshot);
    for (const later of job.heard.slice(resumed)) {
      state = take(state, later);
      if ("view" in later) holds(state, later, `${job.name}, cut at ${cut}`);
    }
  });
});
