import type { JobState } from "../core/reducer.js";
import { currentNode } from "../core/select.js";
import type { PreviewHeader } from "../types/index.js";
import type { Output } from "../types/index.js";
import { figure } from "./figures.js";

/** "Preview at step 15". */
export function previewCaption({ value }: PreviewHeader): string {
  return value === undefined ? "Preview" : `Preview at step ${figure(value)}`;
}

/** Steps after which a first preview should have come. */
const A_FEW = 5;

/** What an empty frame says, so that it does not look broken. */
export function emptyFrame(state: JobState): string {
  const { generation } = state;
  if (!generation) return "";
  if (generation.retry) return "The next attempt has not begun";
  switch (generation.status) {
    case "pending":
      return "It has not begun";
    case "processing":
      return whileRunning(state);
    case "completed":
      return "It made no picture";
    default:
      return "It ended before a picture came";
  }
}

function whileRunning(state: JobState): string {
  const nodes = state.generation?.nodes ?? [];
  const current = currentNode(state);
  // Only samplers show what they are making.
  const isToCome = nodes.some((node) => node.kind === "sampler" && (node.state === "pending" || node.state === "running"));
  const isLate = current?.kind === "sampler" && (current.value ?? 0) > A_FEW;
  return isToCome && !isLate ? "The first preview comes after a few steps" : "No preview so far";
}

/** The result to show when a job is done: its last picture or film, else its last file of another kind; a real one first. */
export function mainOutput(outputs: readonly Output[]): Output | undefined {
  const stored = outputs.filter((output) => output.status === "stored" || output.text !== undefined);
  const results = stored.filter((output) => !output.preview);
  const from = results.length > 0 ? results : stored;
  return from.findLast(({ kind }) => kind === "image" || kind === "video") ?? from.at(-1);
}
