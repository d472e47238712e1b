import { errorMarkdown, Problem } from "@comfyui-monitor/react";
import { navigate } from "wouter/use-browser-location";
import { client } from "../client.js";
import { copy } from "../controls/clipboard.js";
import { tell } from "../toasts/toasts.js";
import type { CurrentJob } from "./current.js";
import { jobPath } from "./open.js";

/** `Lighthouse at dusk`, `3 jobs`. */
export function named(jobs: readonly CurrentJob[]): string {
  return jobs.length === 1 && jobs[0] ? jobs[0].title : `${jobs.length} jobs`;
}

export function withError({ status, error, retry }: CurrentJob): boolean {
  return status === "failed" || error !== undefined || retry !== undefined;
}

/** The view for the one who waits, of a job alone. */
export function focusOn(jobs: readonly CurrentJob[]): void {
  const [only] = jobs;
  if (only && jobs.length === 1) navigate(`${jobPath(only.queueId)}/focus`);
}

/** The error of a job with all that is known about it, as Markdown. */
export async function copyError(jobs: readonly CurrentJob[]): Promise<void> {
  const job = jobs.find(withError);
  if (!job || jobs.length !== 1) return;
  try {
    const generation = await client.api.generation(job.queueId);
    const error = generation.error ?? generation.retry?.error;
    if (error && (await copy(errorMarkdown(error, { generation })))) tell({ tone: "note", title: `Copied the error of ${job.title}` });
  } catch (problem) {
    const text = problem instanceof Problem ? problem.message : String(problem);
    tell({ tone: "failed", title: "The error was not copied", text });
  }
}
