import type { Overrides, Summary } from "@comfyui-monitor/react";

type Job = Pick<Summary, "queueId" | "title" | "status">;

export interface JobActions {
  /** At once for one that runs; a waiting one is held for 5 s with Undo. Asks when there are several. */
  cancel(jobs: Job[]): void;
  /** Tries again at once. */
  runAgain(jobs: Job[], how?: { overrides?: Overrides; instanceId?: string }): void;
  /** Ids of those that were cancelled here and have not been heard to end. */
  cancelling: ReadonlySet<string>;
}

/** What can be done with a job from anywhere on the page; failures are told in a toast. */
export function useJobActions(): JobActions {
  return { cancel: () => {}, runAgain: () => {}, cancelling: new Set() };
}
