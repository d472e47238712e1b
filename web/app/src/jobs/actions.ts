import { isEnded, Problem, type Overrides, type Summary } from "@comfyui-monitor/react";
import { ask } from "../ask/ask.js";
import { client } from "../client.js";
import { useStore } from "../store.js";
import { tell } from "../toasts/toasts.js";
import { Cancels, HELD_FOR } from "./cancels.js";
import { current } from "./current.js";
import { open } from "./open.js";

type Job = Pick<Summary, "queueId" | "title" | "status"> & Partial<Pick<Summary, "retry">>;

export interface JobActions {
  /** At once for one that runs; a waiting one is held for 5 s with Undo. Asks when there are several. */
  cancel(jobs: Job[]): void;
  /** Tries again at once. */
  runAgain(jobs: Job[], how?: { overrides?: Overrides; instanceId?: string }): void;
  /** Ids of those that were cancelled here and have not been heard to end. */
  cancelling: ReadonlySet<string>;
}

const cancels = new Cancels({
  send: (queueId) => client.api.cancel(queueId),
  failed: ({ title }, problem) => tellProblem(`${title} was not cancelled`, problem),
});

/** Cancels; a job that waits for its turn can be kept within 5 s. */
export function cancel(jobs: readonly Job[]): void {
  const active = jobs.filter((job) => !isEnded(job) && !cancels.get().has(job.queueId));
  const [only] = active;
  if (!only) return;
  if (active.length > 1) return void cancelSeveral(active);
  // One between two attempts is due any moment, and what is stopped is the next try.
  if (only.status === "processing" || only.retry) return cancels.now(only);
  cancels.hold(only);
  tell({
    tone: "interrupted",
    title: `Cancelling ${only.title}`,
    text: "It leaves the queue in 5 s",
    action: { label: "Undo", run: () => cancels.takeBack(only.queueId) },
    forMs: HELD_FOR,
  });
}

async function cancelSeveral(jobs: readonly Job[]): Promise<void> {
  const running = jobs.filter(({ status }) => status === "processing").length;
  const yes = await ask({
    title: `Cancel ${jobs.length} jobs?`,
    text: running > 0 ? `${running === 1 ? "One of them runs" : `${running} of them run`}. What is finished is kept.` : "None of them has started.",
    yes: `Cancel ${jobs.length} jobs`,
    no: "Keep them",
  });
  if (yes) for (const job of jobs) cancels.now(job);
}

/** A new attempt of jobs that have ended; of one between two attempts: now. */
export function runAgain(jobs: readonly Job[], how?: { overrides?: Overrides; instanceId?: string }): void {
  for (const job of jobs.filter((job) => isEnded(job) || job.retry)) void runOneAgain(job, how);
}

async function runOneAgain(job: Job, how?: { overrides?: Overrides; instanceId?: string }): Promise<void> {
  try {
    await client.api.retry(job.queueId, how);
  } catch (problem) {
    return tellProblem(`${job.title} was not started again`, problem);
  }
  const isSeen = current.get().jobs.some(({ queueId }) => queueId === job.queueId);
  if (!isSeen) tell({ tone: "note", title: `Running ${job.title} again`, action: { label: "Open", run: () => open(job.queueId) } });
}

function tellProblem(title: string, problem: unknown): void {
  const text = problem instanceof Problem && problem.status === 0 ? "The monitor does not answer" : problem instanceof Error ? problem.message : String(problem);
  tell({ tone: "failed", title, text });
}

/** Hears which jobs have ended, and lets nothing wait when the page goes. */
export function watchCancels(): () => void {
  const look = () => {
    if (cancels.get().size === 0) return;
    cancels.ended(client.live.getSnapshot().jobs.filter(isEnded).map(({ queueId }) => queueId));
  };
  const hidden = () => document.hidden && cancels.sendHeld();
  const gone = () => cancels.sendHeld();
  const stop = client.live.subscribe(look);
  document.addEventListener("visibilitychange", hidden);
  addEventListener("pagehide", gone);
  return () => {
    stop();
    document.removeEventListener("visibilitychange", hidden);
    removeEventListener("pagehide", gone);
  };
}

/** What can be done with a job from anywhere on the page; failures are told in a toast. */
export function useJobActions(): JobActions {
  return { cancel, runAgain, cancelling: useStore(cancels) };
}
