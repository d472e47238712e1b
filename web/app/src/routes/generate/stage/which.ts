/** Which job stands on the stage. Pure. */
import { isEnded, isGenerating, type JobState, type Output } from "@comfyui-monitor/react";

export interface Candidate {
  queueId: string;
  state: JobState;
}

/**
 * The one the address asks for; else what is being made for this tab, oldest first, as the queue does it; else what was
 * made last. Jobs of others are never shown unasked.
 */
export function shownJob(own: readonly Candidate[], asked: string | undefined): string | undefined {
  if (asked !== undefined) return asked;
  const active = own.filter(({ state }) => isGenerating(state));
  const oldest = (those: readonly Candidate[]) => those.at(-1)?.queueId;
  const started = active.filter(({ state }) => state.generation?.status === "processing" || state.generation?.retry);
  // One that was only just sent is not known yet: it is waited for, unless another is at work.
  const unheard = own.filter(({ state }) => state.generation === undefined);
  return oldest(started) ?? oldest(active) ?? oldest(unheard.slice(0, 1)) ?? own[0]?.queueId;
}

/** Jobs of this tab that wait behind the one that is shown. */
export function waitingBehind(own: readonly Candidate[], shown: string | undefined): number {
  return own.filter(({ queueId, state }) => queueId !== shown && isGenerating(state)).length;
}

export interface Result {
  output: Output;
  queueId: string;
}

/** Most tiles that are made; the others are on their job's page. */
const MOST_RESULTS = 60;

/** What these jobs have made, newest job first; temporary pictures are no results. */
export function resultsOf(jobs: readonly Candidate[]): Result[] {
  return jobs
    .flatMap(({ queueId, state }) => (state.generation?.outputs ?? []).filter(isResult).map((output) => ({ output, queueId })))
    .slice(0, MOST_RESULTS);
}

function isResult({ preview, status }: Output): boolean {
  return !preview && status !== "failed";
}

/** The earlier job of this tab with the very same file: the one that filled the cache. */
export function sameAs(jobs: readonly Candidate[], shown: Candidate): Candidate | undefined {
  const files = (state: JobState) => (state.generation?.outputs ?? []).map(({ sha256 }) => sha256).filter(Boolean);
  const made = new Set(files(shown.state));
  const before = (state: JobState) => (state.generation?.createdAt ?? "") < (shown.state.generation?.createdAt ?? "");
  return jobs.find(({ queueId, state }) => queueId !== shown.queueId && before(state) && files(state).some((file) => made.has(file)));
}

/** Whether the stage may move on from a job by itself. */
export function isOver({ generation }: JobState): boolean {
  return generation === null || (generation !== undefined && isEnded(generation));
}

/** The job on the stage, and whether its end is being seen. */
export interface OnStage {
  queueId: string | undefined;
  phase: "resting" | "working" | "ending";
}

/** Moves the stage on: at once, but for the end of a job, which is seen first unless the address asks for another. */
export function stageAfter(stage: OnStage, jobs: readonly Candidate[], next: string | undefined, asked: boolean): OnStage {
  const stateOf = (queueId: string | undefined) => jobs.find((job) => job.queueId === queueId)?.state;
  const state = stateOf(stage.queueId);
  const isAtWork = (state: JobState | undefined) => state !== undefined && isGenerating(state);
  if (stage.phase === "working" && state && isOver(state)) return stageAfter({ ...stage, phase: "ending" }, jobs, next, asked);
  if (stage.queueId !== next && (stage.phase !== "ending" || asked)) {
    return { queueId: next, phase: isAtWork(stateOf(next)) ? "working" : "resting" };
  }
  return stage.phase !== "working" && isAtWork(state) ? { ...stage, phase: "working" } : stage;
}
