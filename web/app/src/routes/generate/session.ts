/** Jobs that this tab has made: their results are shown, and the newest is followed. */
import { Kept } from "./kept.js";

export interface OwnJob {
  queueId: string;
  /** The first seed it was sent with. */
  seed?: string;
}

/** Newest first. */
export type OwnJobs = readonly OwnJob[];

const MOST = 40;

export const ownJobs = new Kept<OwnJobs>("cm.generate.jobs", [], { limit: 20_000, read: readOwn });

export function readOwn(stored: unknown): OwnJobs | undefined {
  if (!Array.isArray(stored)) return undefined;
  return (stored as Partial<OwnJob>[])
    .filter((job): job is OwnJob => typeof job?.queueId === "string")
    .map(({ queueId, seed }) => ({ queueId, ...(typeof seed === "string" && { seed }) }))
    .slice(0, MOST);
}

/** Takes down a job that is about to be sent. */
export function made(job: OwnJob, store = ownJobs): void {
  store.update((jobs) => [job, ...jobs.filter(({ queueId }) => queueId !== job.queueId)].slice(0, MOST));
}

/** Forgets a job that was not taken. */
export function unmade(queueId: string, store = ownJobs): void {
  store.update((jobs) => jobs.filter((job) => job.queueId !== queueId));
}
