import type { Generation, JobError, NodeError } from "../types/index.js";
import { figure } from "./figures.js";

/** What to say with an error that the error itself does not. */
export interface ErrorContext {
  generation?: Generation | undefined;
  comfyuiVersion?: string | undefined;
  nodeErrors?: readonly NodeError[] | undefined;
}

/** An error for an issue or a chat: type, message, node, attempts and their changes, versions, traceback. */
export function errorMarkdown(error: JobError, { generation, comfyuiVersion, nodeErrors = [] }: ErrorContext = {}): string {
  const facts = [
    place(error),
    ...attempts(generation),
    comfyuiVersion && `ComfyUI ${comfyuiVersion}`,
    generation?.instanceId && `Instance \`${inline(generation.instanceId)}\``,
    generation?.promptId && `Prompt \`${inline(generation.promptId)}\``,
  ].filter((fact): fact is string => Boolean(fact));
  const trace = error.traceback?.map((part) => part.replace(/\n$/, "")).join("\n");
  return [
    `**\`${inline(error.type)}\`**`,
    fenced(error.message.trim()),
    nodeErrors.map((complaint) => `- ${complaintLine(complaint)}`).join("\n"),
    facts.map((fact) => `- ${fact}`).join("\n"),
    trace ? `Traceback, as ComfyUI gave it:\n\n${fenced(trace)}` : "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** "K-Sampler, steps: 0 is below the least, 1". */
export function complaintLine({ nodeTitle, nodeId, input, message }: NodeError): string {
  const where = [nodeTitle ?? (nodeId === undefined ? undefined : `Node ${nodeId}`), input].filter(Boolean).join(", ");
  return where ? `${where}: ${message}` : message;
}

/** "KSampler, node 3", as far as it is known. */
export function errorPlace({ classType, nodeId, nodeTitle }: JobError): string {
  const id = nodeId === undefined ? undefined : `node ${nodeId}`;
  return [classType ?? nodeTitle, id].filter(Boolean).join(", ");
}

function place(error: JobError): string | undefined {
  const name = error.nodeTitle && error.nodeTitle !== error.classType ? `${error.nodeTitle} ` : "";
  const at = errorPlace(error);
  return at && `In ${name}${name ? `(${at})` : at}`;
}

function attempts(generation: Generation | undefined): string[] {
  if (!generation || generation.attempts.length < 2) return [];
  return generation.attempts.map(({ number, change, status, error, stoppedAt }) => {
    const steps = stoppedAt?.value !== undefined && stoppedAt.max !== undefined ? `, step ${figure(stoppedAt.value)} of ${figure(stoppedAt.max)}` : "";
    const at = stoppedAt ? ` in node ${stoppedAt.nodeId}${steps}` : "";
    return `Attempt ${number} (${change ?? "as asked"}): ${status}${at}${error ? `, ${error.type}` : ""}`;
  });
}

/** A fence that what is in it cannot close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function inline(text: string): string {
  return text.replaceAll("`", "'").replaceAll("\n", " ");
}
