/** All jobs and instances, as the subscription to `*` tells of them. Pure. */
import type { FrameOf, Instance, Summary } from "../types/index.js";

export interface LiveState {
  /** Whether a snapshot has come. */
  known: boolean;
  /** Newest first. */
  jobs: Summary[];
  instances: Instance[];
}

export const NOTHING: LiveState = { known: false, jobs: [], instances: [] };

/** Ended jobs that are kept; the others are a question to the API. */
const MAX_ENDED = 500;

export function withList(state: LiveState, frame: FrameOf<"snapshot" | "generation_update" | "instance_update">): LiveState {
  switch (frame.type) {
    case "snapshot":
      return { known: true, jobs: (frame.generations ?? []).toSorted(newestFirst), instances: frame.instances ?? [] };
    case "generation_update":
      return { ...state, jobs: withJob(state.jobs, frame.generation) };
    case "instance_update": {
      const { instance } = frame;
      const known = state.instances.some((other) => other.instanceId === instance.instanceId);
      const replaced = state.instances.map((other) => (other.instanceId === instance.instanceId ? instance : other));
      return { ...state, instances: known ? replaced : [...replaced, instance] };
    }
  }
}

function withJob(jobs: Summary[], job: Summary): Summary[] {
  const at = jobs.findIndex((other) => other.queueId === job.queueId);
  const held = jobs[at];
  if (held) return held.sequence > job.sequence ? jobs : jobs.with(at, job);
  let ended = 0;
  const isKept = (other: Summary) => !isEnded(other) || ++ended <= MAX_ENDED;
  return [job, ...jobs].toSorted(newestFirst).filter(isKept);
}

function newestFirst(one: Summary, other: Summary): number {
  return other.createdAt < one.createdAt ? -1 : other.createdAt > one.createdAt ? 1 : 0;
}

export function isEnded({ status }: Pick<Summary, "status">): boolean {
  return status !== "pending" && status !== "processing";
}
