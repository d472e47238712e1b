/** What an instance is at. Pure. */
import type { Instance, Summary } from "@comfyui-monitor/react";

export interface InstanceWork {
  /** What runs, and what waits for its next try, in the order it was told. */
  running: Summary[];
  /** Prompts that run and of which nothing more is known. */
  unknown: string[];
  /** The newest that has ended there. */
  last: Summary | undefined;
}

export function workOf(instance: Instance, jobs: readonly Summary[]): InstanceWork {
  const here = jobs.filter(({ instanceId }) => instanceId === instance.instanceId);
  const byPrompt = new Map(here.map((job) => [job.promptId, job]));
  const running = here.filter(({ status }) => status === "processing").toReversed();
  const retrying = here.filter(({ status, retry }) => status === "pending" && retry !== undefined).toReversed();
  const unknown = instance.running.filter((promptId) => !byPrompt.has(promptId));
  const ended = here.filter(({ completedAt }) => completedAt !== undefined);
  const newest = (one: Summary, other: Summary) => ((one.completedAt ?? "") < (other.completedAt ?? "") ? other : one);
  return { running: [...running, ...retrying], unknown, last: ended.length > 0 ? ended.reduce(newest) : undefined };
}

/** `K-Sampler, 15/20 steps, attempt 2`. */
export function nowLine({ current, message, retryCount, status }: Summary): string {
  const parts: string[] = [];
  if (current) {
    parts.push(current.title);
    if (current.value !== undefined && current.max !== undefined) {
      parts.push(`${current.value}/${current.max}${current.kind === "sampler" ? " steps" : ""}`);
    }
  } else if (message) {
    return message;
  }
  if (retryCount > 0 && status === "processing") parts.push(`attempt ${retryCount + 1}`);
  return parts.join(", ");
}

/** How the strip of a job that runs, or waits for its next try, is lit. */
export function stripStateOf(job: Summary): "running" | "retrying" | "stalled" {
  if (job.status === "pending") return "retrying";
  return job.stalledSince === undefined ? "running" : "stalled";
}
