/** Titles of jobs and tabs, and sentences about whole jobs. */
import type { Output } from "../types/index.js";
import { counted, percent } from "./numbers.js";
import type { ShownState } from "./states.js";
import { about, duration } from "./time.js";

/** What a title can be made of. */
export interface TitleSource {
  title?: string | undefined;
  prompt?: string | undefined;
  fileName?: string | undefined;
  nodes?: number | undefined;
}

/** The title given, else the first 40 characters of the prompt, else the file's name, else `Workflow with 9 nodes`. */
export function jobTitle({ title, prompt, fileName, nodes }: TitleSource): string {
  const given = oneLine(title) || shortened(oneLine(prompt), 40) || oneLine(fileName).replace(/\.(json|png|webp)$/i, "");
  if (given) return given;
  return nodes === undefined ? "Workflow" : `Workflow with ${counted(nodes, "node")}`;
}

function oneLine(text = ""): string {
  return text.replace(/\s+/g, " ").trim();
}

function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most).join("").trimEnd()}…`;
}

/** What a tab may have to tell. */
export interface TabNews {
  running: { title: string; percentage: number }[];
  /** One that ended while the tab was not looked at. */
  ended?: { title: string; state: ShownState } | undefined;
}

/** `66% Lighthouse at dusk`, `3 running, 66%`, `Done: …`, `Failed: …`; `ComfyUI Monitor`. */
export function tabTitle({ running, ended }: TabNews): string {
  const [first] = running;
  if (ended) return `${ended.state === "done" ? "Done" : ended.state === "interrupted" ? "Interrupted" : "Failed"}: ${ended.title}`;
  if (!first) return "ComfyUI Monitor";
  const sum = running.reduce((total, { percentage }) => total + percentage, 0);
  const overall = percent(sum / running.length);
  return running.length === 1 ? `${overall} ${first.title}` : `${running.length} running, ${overall}`;
}

const KINDS: Record<Output["kind"], [one: string, many: string]> = {
  image: ["image", "images"],
  video: ["video", "videos"],
  audio: ["audio file", "audio files"],
  text: ["text", "texts"],
  model3d: ["3D model", "3D models"],
  file: ["file", "files"],
};

/** `1 image`, `4 images, 1 video`; previews are not counted. */
export function outputsCounted(outputs: Pick<Output, "kind" | "preview">[]): string {
  const counts = new Map<Output["kind"], number>();
  for (const { kind, preview } of outputs) if (!preview) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (counts.size === 0) return "no files";
  return [...counts].map(([kind, number]) => counted(number, ...(KINDS[kind] ?? KINDS.file))).join(", ");
}

/** `1 image, 1:01`. */
export function doneDetail(outputs: Pick<Output, "kind" | "preview">[], durationMs: number | undefined): string {
  return durationMs === undefined ? outputsCounted(outputs) : `${outputsCounted(outputs)}, ${duration(durationMs)}`;
}

/** `Lighthouse at dusk is done. 1 image, 1:01`. */
export function doneSentence(title: string, outputs: Pick<Output, "kind" | "preview">[], durationMs: number | undefined): string {
  return `${title} is done. ${doneDetail(outputs, durationMs)}`;
}

/** What a strip is read out as. */
export interface StripNews {
  percentage: number;
  /** The node that runs. */
  current?: string | undefined;
  state: ShownState;
  finished?: number | undefined;
  total?: number | undefined;
}

const AT_NODE: Partial<Record<ShownState, string>> = { failed: "failed", stalled: "is silent", interrupted: "was interrupted", lost: "was lost" };
const WHOLE: Partial<Record<ShownState, string>> = { queued: "waiting", done: "done" };

/** `66%, K-Sampler runs, 3 of 7 nodes finished`. */
export function stripSentence({ percentage, current, state, finished, total }: StripNews): string {
  const node = current === undefined ? undefined : `${current} ${AT_NODE[state] ?? "runs"}`;
  const nodes = finished === undefined || total === undefined ? undefined : `${finished} of ${counted(total, "node")} finished`;
  return [percent(percentage), node ?? WHOLE[state] ?? state, nodes].filter(Boolean).join(", ");
}

/** `K-Sampler, 28.5 s so far, about 10 s to go`. */
export function nodeTimes(title: string, times: { tookMs?: number | undefined; soFarMs?: number | undefined; leftMs?: number | undefined }): string {
  const { tookMs, soFarMs, leftMs } = times;
  const took = tookMs === undefined ? undefined : duration(tookMs);
  const soFar = soFarMs === undefined ? undefined : `${duration(soFarMs)} so far`;
  const left = leftMs === undefined ? undefined : soFar ? `${about(leftMs)} to go` : about(leftMs);
  return [title, took, soFar, left].filter(Boolean).join(", ");
}
