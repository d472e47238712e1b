/** What went wrong, in words. Pure. */
import { duration, memory, type Attempt, type Generation, type Instance, type JobError } from "@comfyui-monitor/react";
import { stepInWords } from "../steps.js";
import { deviceNames } from "../../instances/device.js";

/** Cause and node: "The card ran out of memory in K-Sampler". */
export function headlineOf(error: JobError, nodeTitle: string | undefined, instanceName: string): string {
  const node = error.nodeTitle ?? nodeTitle;
  const inNode = node === undefined ? "" : ` in ${node}`;
  const { type, message } = error;
  if (isOutOfMemory(error)) return `The card ran out of memory${inNode}`;
  if (type === "instance_lost") return `${instanceName || "ComfyUI"} came back without this job`;
  if (type === "submission_refused") return node === undefined ? "ComfyUI refused the workflow" : `ComfyUI refused the workflow at ${node}`;
  if (type === "timeout") return `It took longer than a job may${inNode}`;
  if (/DependencyCycle/.test(type)) return node === undefined ? "The graph runs in a circle" : `${node} waits for itself`;
  if (/(^|\.)FileNotFoundError$/.test(type)) return `A file was not found${inNode}`;
  if (/(^|\.)(ModuleNotFoundError|ImportError)$/.test(type)) return `A Python module is missing${inNode}`;
  if (/(^|\.)(AcceleratorError|CudaError)$/.test(type) || /^CUDA error/.test(message)) return `The card reported an error${inNode}`;
  if (/(^|\.)(ConnectionError|ConnectTimeout|HTTPError|URLError|SSLError)$/.test(type)) return `Something on the network did not answer${inNode}`;
  if (/(^|\.)PermissionError$/.test(type)) return `A file may not be read or written${inNode}`;
  if (/No space left on device/.test(message)) return `The disk is full${inNode}`;
  if (DO_NOT_FIT.test(message)) return node === undefined ? "Inputs do not fit together" : `${node} was given inputs that do not fit together`;
  return node === undefined ? "The job failed" : `${node} failed`;
}

const DO_NOT_FIT = /shapes cannot be multiplied|size mismatch|must match the size|expected \d+ channels|expected input.* to have \d+ channels/i;

export function isOutOfMemory({ type, message }: JobError): boolean {
  return /OutOfMemory/.test(type) || /\bout of memory\b/i.test(message);
}

/** In short, under an attempt: "Out of memory". */
export function shortCause(error: JobError): string {
  if (isOutOfMemory(error)) return "Out of memory";
  if (error.type === "instance_lost") return "The server lost it";
  if (error.type === "submission_refused") return "Refused by ComfyUI";
  if (error.type === "timeout") return "It took too long";
  return error.type.split(".").at(-1) ?? error.type;
}

/** How much was asked for and how much there was, from PyTorch's own words. */
export interface Wanted {
  wanted: string;
  free: string | undefined;
}

export function wantedMemory(message: string): Wanted | undefined {
  const wanted = /Tried to allocate ([\d.]+) ([KMG])iB/.exec(message);
  if (!wanted) return undefined;
  const free = /capacity of ([\d.]+) GiB.* of which ([\d.]+) ([KMG])iB is free/s.exec(message);
  const bytes = (value: string | undefined, unit: string | undefined) => Number(value) * (SIZES[unit ?? "G"] ?? GIB);
  return {
    wanted: gigabytes(bytes(wanted[1], wanted[2])),
    free: free ? memory(bytes(free[2], free[3]), bytes(free[1], "G")) : undefined,
  };
}

const GIB = 2 ** 30;
const SIZES: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: GIB };

function gigabytes(bytes: number): string {
  return bytes < GIB / 10 ? `${Math.round(bytes / 2 ** 20)} MB` : `${(bytes / GIB).toFixed(1)} GB`;
}

/** Under the headline: step, attempts, time, server, and the figures the server told. */
export function sentenceOf(generation: Generation, instance: Instance | undefined): string {
  const { attempts, error } = generation;
  const last = attempts.at(-1);
  if (error?.type === "submission_refused") return refusedSentence(generation, instance);
  const where = placeOf(last, generation);
  const times = attempts.length > 1 ? ` in the last of ${attempts.length} attempts` : "";
  const ran = attempts.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0) || generation.durationMs;
  const after = ran === undefined || ran === 0 ? "" : `${times ? "," : ""} after ${duration(ran)}`;
  const on = instance ? ` on ${instance.name}${device(instance)}` : "";
  return `It stopped${where}${times}${after}${on}. ${figures(error, last, instance)}`.trim();
}

function placeOf(attempt: Attempt | undefined, { nodes, error }: Generation): string {
  const stopped = attempt?.stoppedAt ?? nodes.find(({ nodeId, state }) => state === "error" && nodeId === error?.nodeId);
  const step = stepInWords(stopped?.value, stopped?.max);
  return step ? ` at ${step}` : "";
}

function device(instance: Instance): string {
  const name = deviceNames(instance.devices);
  return name ? ` (${name})` : "";
}

function figures(error: JobError | undefined, attempt: Attempt | undefined, instance: Instance | undefined): string {
  if (!error || !isOutOfMemory(error)) return "";
  const told = wantedMemory(error.message);
  if (told) return told.free ? `It wanted ${told.wanted} more; ${told.free} was free.` : `It wanted ${told.wanted} more.`;
  const total = instance?.memory?.totalBytes;
  if (attempt?.peakMemoryBytes === undefined || total === undefined) return "";
  return `At most ${memory(attempt.peakMemoryBytes, total)} was in use.`;
}

function refusedSentence({ warnings = [] }: Generation, instance: Instance | undefined): string {
  const who = instance ? `${instance.name} did not take it` : "It was not taken";
  const said = warnings.length === 0 ? "" : `, and said why for ${warnings.length === 1 ? "one input" : `${warnings.length} inputs`}`;
  return `${who}${said}. Nothing ran.`;
}

/** Under an attempt: where it stopped. */
export function stoppedWords(attempt: Attempt, title: (nodeId: string) => string | undefined): { where: string; step: string | undefined } {
  const { stoppedAt, error } = attempt;
  const nodeId = stoppedAt?.nodeId ?? error?.nodeId;
  const node = error?.nodeTitle ?? (nodeId === undefined ? undefined : title(nodeId));
  return { where: node ?? "It", step: stepInWords(stoppedAt?.value, stoppedAt?.max) };
}
