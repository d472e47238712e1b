import type { Attempt, Generation, JobError, Retry } from "../types/index.js";
import { figure } from "./figures.js";

/** One thing that the next attempt does otherwise: "Batch size" from 4 to 2, or only "New seed". */
export interface Change {
  what: string;
  from?: string;
  to?: string;
}

/** What the retry banner says; pieces of a sentence, so that the place can be set in bold. */
export interface RetryWords {
  /** It waits for the time to try again. */
  waiting: boolean;
  /** "Trying again with a smaller batch"; while it waits, "Trying again" without the time. */
  doing: string;
  /** "Attempt 2 of 4". */
  attempt: string;
  /** "Attempt 1 ran out of GPU memory in", "K-Sampler at step 12 of 20". */
  happened: string;
  place: string | undefined;
  /** The message of an error that its kind does not tell. */
  because: string | undefined;
  changes: Change[];
  /** "If this fails too: batch size 1, then 768 × 768". */
  next: string | undefined;
}

/** What is done about a failed attempt; `undefined` where nothing is. `retried` is what led to the attempt that runs. */
export function retryWords(generation: Generation, retried?: Retry): RetryWords | undefined {
  const { retry, attempts, status } = generation;
  if (status !== "pending" && status !== "processing") return undefined;
  const current = attempts.at(-1);
  const failed = retry ? current : attempts.at(-2);
  const error = retry?.error ?? failed?.error;
  if (!current || !failed || !error) return undefined;
  const number = retry ? failed.number + 1 : current.number;
  const plan = retry ?? retried;
  // Attempts that a person asked for do not count; then there is no telling of how many this is one.
  const total = plan && number <= plan.maxRetries + 1 ? ` of ${plan.maxRetries + 1}` : "";
  const changes = changesOf(retry ? retry.change : current.change);
  return {
    waiting: retry !== undefined,
    doing: `Trying again${manner(changes)}`,
    attempt: `Attempt ${number}${total}`,
    ...cause(generation, failed, error),
    changes,
    next: plan?.next === undefined ? undefined : `If this fails too: ${plan.next}`,
  };
}

/** Reads the server's words for a change: "Batch size 4 to 2, new seed". What it does not know it leaves as it is. */
export function changesOf(change: string | undefined): Change[] {
  return (change ?? "").split(", ").filter((part) => part !== "").map(changeOf);
}

const SIZE = String.raw`\d+ × \d+`;

function changeOf(part: string): Change {
  const size = new RegExp(`^(${SIZE}) to (${SIZE})$`).exec(part);
  if (size) return fromTo("Size", size[1], size[2]);
  const megapixels = /^([\d.]+) to ([\d.]+) megapixels$/.exec(part);
  if (megapixels) return fromTo("Megapixels", megapixels[1], megapixels[2]);
  const frames = /^(\d+) frames to (\d+)$/.exec(part);
  if (frames) return fromTo("Frames", frames[1], frames[2]);
  const value = /^(\p{L}[\p{L} ]*?) ([\d.]+) to ([\d.]+)$/u.exec(part);
  if (value) return fromTo(capital(value[1] ?? ""), value[2], value[3]);
  const instead = /^(\p{L}[\p{L} ]*?) ([\d.]+) instead of ([\d.]+)$/u.exec(part);
  if (instead) return fromTo(capital(instead[1] ?? ""), instead[3], instead[2]);
  return { what: capital(part) };
}

function fromTo(what: string, from = "", to = ""): Change {
  return { what, from, to };
}

/** How this try differs, in words that end "Trying again ...". */
function manner([first]: Change[]): string {
  if (!first) return "";
  const { what, from, to } = first;
  const isLess = from !== undefined && to !== undefined && parseFloat(to) < parseFloat(from);
  if (isLess && what === "Batch size") return " with a smaller batch";
  if (isLess && (what === "Size" || what === "Megapixels")) return " with a smaller picture";
  if (isLess && what === "Frames") return " with a shorter video";
  if (what === "New seed") return " with a new seed";
  if (what === "Memory freed first") return " with memory freed";
  if (what === "On another instance") return " on another instance";
  if (what.endsWith(" in tiles")) return " in tiles";
  return " with a change";
}

function cause(generation: Generation, failed: Attempt, error: JobError): Pick<RetryWords, "happened" | "place" | "because"> {
  const who = `Attempt ${failed.number}`;
  const place = placeOf(generation, failed, error);
  const inPlace = place === undefined ? "" : " in";
  if (error.type === "instance_lost") return { happened: `${who} was lost: its server restarted`, place: undefined, because: undefined };
  if (error.type === "timeout") return { happened: `${who} took too long${inPlace}`, place, because: undefined };
  if (/OutOfMemory/.test(error.type)) return { happened: `${who} ran out of GPU memory${inPlace}`, place, because: undefined };
  return { happened: `${who} failed${inPlace}`, place, because: firstLine(error.message) || error.type };
}

/** "K-Sampler at step 12 of 20", as far as it is known. */
function placeOf({ nodes }: Generation, { stoppedAt }: Attempt, error: JobError): string | undefined {
  const nodeId = error.nodeId ?? stoppedAt?.nodeId;
  if (nodeId === undefined) return undefined;
  const named = error.nodeId === undefined ? undefined : error.nodeTitle;
  const title = named ?? nodes.find((node) => node.nodeId === nodeId)?.title ?? `node ${nodeId}`;
  const { value, max } = stoppedAt ?? {};
  return value !== undefined && max !== undefined ? `${title} at step ${figure(value)} of ${figure(max)}` : title;
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]?.trim() ?? "";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Where the newest earlier attempt stopped in this node, to be marked on its bar of `max` steps. */
export function ghostOf({ attempts }: Generation, nodeId: string, max: number | undefined): { value: number; attempt: number } | undefined {
  const before = attempts.slice(0, -1).findLast(({ status }) => status === "failed");
  const at = before?.stoppedAt;
  if (!before || at?.nodeId !== nodeId || at.value === undefined || max === undefined) return undefined;
  // Of another count of steps (a shorter video, more steps) the same step is another place.
  return at.max === max && at.value > 0 && at.value <= max ? { value: at.value, attempt: before.number } : undefined;
}
