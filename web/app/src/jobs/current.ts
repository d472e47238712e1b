import type { Summary } from "@comfyui-monitor/react";
import { useEffect, useRef, type ReactNode } from "react";
import { Store } from "../store.js";

/** As much of a job as keys and palette need; a summary and a generation both are one. */
export type CurrentJob = Pick<Summary, "queueId" | "title" | "status"> & Partial<Pick<Summary, "retry" | "error">>;

/** Something that can be done on the page that is open, offered in the palette; `key` as it is written on keys. */
export interface PageAction {
  id: string;
  label: string;
  key?: string;
  icon?: ReactNode;
  run: () => void;
}

export interface Current {
  jobs: readonly CurrentJob[];
  actions: readonly PageAction[];
}

const NOTHING: Current = { jobs: [], actions: [] };

/** The job that is looked at, or those that are selected. */
export const current = new Store<Current>(NOTHING);

/**
 * Says which job the route is about (or which are selected): the keys `c`, `r`, `f` and `e`, the palette, the tab's
 * title and the spoken progress are about it. `actions` are more that the palette should offer; their keys stay the route's.
 */
export function useCurrentJobs(jobs: readonly (CurrentJob | undefined)[], actions: readonly PageAction[] = []): void {
  const said = useRef<Current>(NOTHING);
  useEffect(() => {
    const known = jobs.filter((job) => job !== undefined);
    if (isSame(said.current, known, actions)) return;
    said.current = { jobs: known, actions };
    current.set(said.current);
  });
  useEffect(
    () => () => {
      if (current.get() === said.current) current.set(NOTHING);
      said.current = NOTHING;
    },
    [],
  );
}

function isSame(said: Current, jobs: readonly CurrentJob[], actions: readonly PageAction[]): boolean {
  return (
    said.jobs.length === jobs.length &&
    said.actions.length === actions.length &&
    jobs.every((job, at) => alike(job, said.jobs[at])) &&
    actions.every(({ id, label }, at) => id === said.actions[at]?.id && label === said.actions[at].label)
  );
}

function alike(one: CurrentJob, other: CurrentJob | undefined): boolean {
  return (
    one.queueId === other?.queueId && one.status === other.status && one.title === other.title &&
    one.error?.message === other.error?.message && one.retry?.retryAt === other.retry?.retryAt
  );
}
