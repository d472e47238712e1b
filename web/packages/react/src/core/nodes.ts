/** What frames do to the nodes of a generation. All pure: what changed is a new list. */
import type { Node, NodeState, ProgressData, StoppedAt, WorkflowData } from "../types/index.js";

/** The nodes of the graph, with what was heard of them before. Children stay behind them. */
export function laidOut(nodes: Node[], data: WorkflowData, cached: readonly string[]): Node[] {
  const known = new Map(nodes.map((node) => [node.nodeId, node]));
  const graph = data.nodes.map(({ nodeTitle: title, ...spec }): Node => {
    const before = known.get(spec.nodeId);
    known.delete(spec.nodeId);
    const state = before?.state ?? (cached.includes(spec.nodeId) ? "cached" : "pending");
    return { ...before, ...spec, title, displayNodeId: before?.displayNodeId ?? spec.nodeId, state };
  });
  return [...graph, ...known.values()];
}

/** As before anything ran: for a new attempt. Children of expanded nodes are gone. */
export function untouched(nodes: Node[]): Node[] {
  const graph = nodes.filter((node) => node.parentNodeId === undefined);
  return graph.map(({ nodeId, classType, title, kind, dependencies }) => ({
    nodeId,
    displayNodeId: nodeId,
    ...(classType !== undefined && { classType }),
    title,
    kind,
    state: "pending",
    dependencies,
  }));
}

/** Those served from the cache. */
export function fromCache(nodes: Node[], cached: readonly string[]): Node[] {
  const ids = new Set(cached);
  return nodes.map((node) => (ids.has(node.nodeId) && node.state === "pending" ? { ...node, state: "cached" } : node));
}

/** One word of progress: the node that changed, and all that run now. */
export function progressed(nodes: Node[], changed: ProgressData | undefined, running: ProgressData[]): Node[] {
  const told = new Map(running.map((data) => [data.nodeId, data]));
  if (changed) told.set(changed.nodeId, changed);
  const next = nodes.map((node) => {
    const data = told.get(node.nodeId);
    told.delete(node.nodeId);
    if (data) return heard(node, data);
    // The word of its end was skipped for newer ones.
    return node.state === "running" ? finished(node) : node;
  });
  return [...next, ...[...told.values()].map(child)];
}

/** A node is done. */
export function executed(nodes: Node[], nodeId: string, cached: boolean, durationMs: number | undefined): Node[] {
  return nodes.map((node) => {
    if (node.nodeId !== nodeId) return node;
    if (!cached) return { ...finished(node), ...(durationMs !== undefined && { durationMs, elapsedMs: durationMs }) };
    return node.startedAt === undefined && node.state !== "running" ? settled(node, "cached") : node;
  });
}

/** The job is over: no node runs any more, and what did not run never will. */
export function ended(nodes: Node[], how: "completed" | "failed" | "interrupted", at?: string, unseen = false): Node[] {
  return nodes.map((node) => {
    if (how === "failed" && node.nodeId === at) return dropExpected({ ...node, state: "error" });
    if (node.state === "running") return how === "completed" ? finished(node) : dropExpected({ ...node, state: "interrupted" });
    if (node.state === "pending") return unseen ? finished(node) : settled(node, "skipped");
    return node;
  });
}

/** Where a job stopped: in the node that is named, else in one that ran. One that waited for children is as far as they. */
export function stoppedAt(nodes: Node[], running: ProgressData[], named: string | undefined): StoppedAt | undefined {
  const nodeId = named ?? (running.findLast((node) => node.value !== undefined) ?? running.at(-1))?.nodeId;
  if (nodeId === undefined) return undefined;
  const counts = (node: Node) => node.value !== undefined;
  const own = nodes.find((node) => node.nodeId === nodeId && counts(node));
  const childs = nodes.findLast((node) => node.realNodeId === nodeId && node.state === "running" && counts(node));
  const { value, max } = own ?? childs ?? {};
  return { nodeId, ...(value !== undefined && { value }), ...(max !== undefined && { max }) };
}

/** Every step of it is done; its last word may have been skipped. */
function finished(node: Node): Node {
  const full = node.max === undefined ? {} : { value: node.max, percentage: 100 };
  return dropExpected({ ...node, ...full, state: "finished" });
}

/** It did not run: no figures. */
function settled(node: Node, state: NodeState): Node {
  const { value, max, percentage, startedAt, elapsedMs, ...rest } = node;
  return dropExpected({ ...rest, state });
}

function dropExpected(node: Node): Node {
  const { expectedMs, expectedLowMs, expectedHighMs, ...rest } = node;
  return rest;
}

function heard(node: Node, data: ProgressData): Node {
  if (data.nodeState === "finished") return { ...finished(node), ...figures(data), state: "finished" };
  if (data.nodeState !== "running") return settled({ ...node, displayNodeId: data.displayNodeId }, data.nodeState);
  const { value, max, percentage, ...rest } = node;
  return { ...rest, ...figures(data), displayNodeId: data.displayNodeId, state: data.nodeState };
}

function figures({ value, max, percentage, elapsedMs }: ProgressData): Partial<Node> {
  return {
    ...(value !== undefined && { value }),
    ...(max !== undefined && { max }),
    ...(percentage !== undefined && { percentage }),
    elapsedMs,
  };
}

/** A child of an expanded node, seen for the first time. */
function child(data: ProgressData): Node {
  const { nodeId, displayNodeId, parentNodeId, realNodeId, currentNode: title, kind, nodeState: state } = data;
  return {
    nodeId,
    displayNodeId,
    ...(parentNodeId !== undefined && { parentNodeId }),
    ...(realNodeId !== undefined && { realNodeId }),
    title,
    kind,
    ...figures(data),
    state,
    dependencies: [],
  };
}
