import { currentNode } from "../core/select.js";
import type { JobState } from "../core/reducer.js";
import type { Generation } from "../types/index.js";
import { isAllCached } from "./job.js";
import { counted } from "./numbers.js";
import { shownState, type ShownState } from "./states.js";
import { duration, roughly } from "./time.js";

/** Something about a whole job that its bars do not tell. */
export interface Notice {
  state: ShownState;
  title: string;
  detail: string;
}

/** Of a job that is silent, or that ended otherwise than by making something. */
export function noticeOf(state: JobState): Notice | undefined {
  const { generation } = state;
  if (!generation) return undefined;
  const { message, status } = generation;
  const shown = shownState(generation);
  if (shown === "stalled") return { state: shown, title: message ?? "No word from the server", detail: patience(state) };
  if (status === "interrupted") return { state: shown, title: message ?? "Stopped", detail: kept(generation) };
  if (shown === "lost") return { state: shown, title: message ?? "The server keeps no record of this job", detail: generation.error?.message ?? "" };
  if (status === "failed") return { state: "failed", title: message ?? generation.error?.message ?? "Failed", detail: course(generation) };
  if (isAllCached(generation)) {
    return { state: "cached", title: message ?? "Nothing to do: it all came from cache", detail: tookOf(generation) };
  }
  return undefined;
}

function patience(state: JobState): string {
  const node = state.generation?.nodes.find(({ nodeId }) => nodeId === currentNode(state)?.nodeId);
  const usually = node?.expectedMs === undefined ? "" : `It usually takes ${roughly(node.expectedMs)}. `;
  return `${usually}Nothing says that it ended, so we wait`;
}

function kept({ outputs }: Generation): string {
  const made = outputs.some((output) => output.status !== "failed" && !output.preview);
  return made ? "What was finished is kept below" : "";
}

/** "In the last of 4 attempts, after 3:52 on delta". */
function course({ attempts, durationMs, instanceId }: Generation): string {
  const last = attempts.length > 1 ? `In the last of ${counted(attempts.length, "attempt")}` : "";
  const after = durationMs === undefined ? "" : `after ${duration(durationMs)}`;
  const where = instanceId === "" ? "" : `on ${instanceId}`;
  const words = [last && after ? `${last},` : last, after, where].filter((part) => part !== "").join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function tookOf({ durationMs }: Generation): string {
  return durationMs === undefined ? "" : `It took ${duration(durationMs)}`;
}
