/** A line for each event. Pure. */
import { counted, duration, stepsDone, type JobEvent, type JobState } from "@comfyui-monitor/react";

export interface EventLine {
  /** In the order of the job; progress that was heard live has that of the frame. */
  sequence: number;
  key: string;
  /** The server's time. */
  at: string;
  name: string;
  what: string;
  nodeId?: string;
  isBad?: boolean;
}

type Titles = (nodeId: string) => string | undefined;

export function lineOf({ detailType, detail }: JobEvent, titles: Titles): EventLine {
  const nodeId = text(detail.displayNodeId) ?? text(detail.nodeId);
  return {
    sequence: detail.sequence,
    key: text(detail.eventId) ?? `${detail.attempt}:${detail.sequence}`,
    at: detail.timestamp,
    name: detailType,
    what: whatOf(detailType, detail, nodeId, titles),
    ...(nodeId !== undefined && { nodeId }),
    ...((detailType === "Job Failed" || detailType === "Monitor Disconnected") && { isBad: true }),
  };
}

function whatOf(type: string, detail: JobEvent["detail"], nodeId: string | undefined, titles: Titles): string {
  const node = text(detail.nodeTitle) ?? (nodeId === undefined ? undefined : titles(nodeId)) ?? nodeId ?? "";
  const took = number(detail.durationMs);
  switch (type) {
    case "Job Queued":
      return number(detail.queuePosition) === undefined ? "" : `place ${number(detail.queuePosition)}`;
    case "Job Started":
      return startedWords(number(detail.totalNodes) ?? 0, list(detail.cachedNodes).length);
    case "Workflow Nodes":
      return counted(number(detail.totalNodes) ?? list(detail.workflowNodes).length, "node");
    case "Node Executed":
      return took === undefined ? node : `${node}, ${duration(took)}`;
    case "Images Generated":
      return `${node}, ${counted(list(detail.images).length, "file")}`;
    case "Job Completed":
      return took === undefined ? "" : duration(took);
    case "Job Failed":
      return typeOf(detail.error);
    case "Job Retrying":
      return text(detail.change) ?? typeOf(detail.error);
    case "Job Interrupted":
      return REASONS[text(detail.reason) ?? ""] ?? text(detail.reason) ?? "";
    default:
      return node;
  }
}

const REASONS: Record<string, string> = {
  cancelled: "cancelled here",
  interrupted: "stopped at the server",
  removed_from_queue: "removed from the queue",
};

function startedWords(nodes: number, cached: number): string {
  return cached > 0 ? `${counted(nodes, "node")}, ${cached} cached` : counted(nodes, "node");
}

/** Lines of progress that was heard: kept in the page alone, the newest of them. */
export const MOST_PROGRESS = 500;

/** Takes in a state; nodes whose steps moved since `before` get a line each. */
export function withProgress(lines: readonly EventLine[], before: JobState | undefined, state: JobState): readonly EventLine[] {
  const { generation, running } = state;
  if (!generation?.startedAt || generation.status !== "processing") return lines;
  const held = new Map(before?.generation?.promptId === generation.promptId ? before.running.map((node) => [node.nodeId, node]) : []);
  // In the server's clock: its start and how long it says the job has run.
  const at = new Date(Date.parse(generation.startedAt) + state.elapsedMs).toISOString();
  const fresh = running.flatMap((node): EventLine[] => {
    if (node.value === undefined || held.get(node.nodeId)?.value === node.value) return [];
    const { nodeId, displayNodeId, currentNode } = node;
    const steps = stepsDone(node)?.replace(/ steps$/, "") ?? "";
    const key = `${generation.promptId}:${generation.sequence}:${nodeId}:${node.value}`;
    return [{ sequence: generation.sequence, key, at, name: "Node Progress Update", what: `${currentNode} ${steps}`, nodeId: displayNodeId }];
  });
  return fresh.length === 0 ? lines : [...lines, ...fresh].slice(-MOST_PROGRESS);
}

/** Newest first; each once. */
export function newestFirst(durable: readonly EventLine[], progress: readonly EventLine[]): EventLine[] {
  const byKey = new Map([...progress, ...durable].map((line) => [line.key, line]));
  return [...byKey.values()].sort((one, other) => other.sequence - one.sequence);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function typeOf(error: unknown): string {
  return text((error as { type?: unknown } | undefined)?.type) ?? "";
}
