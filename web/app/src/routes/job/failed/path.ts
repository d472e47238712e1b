/** The way through the graph on which a job stopped. Pure. */
import type { Node } from "@comfyui-monitor/react";

/** Nodes before and after the one that failed. */
const BEFORE = 2;
const AFTER = 2;

/** From a loader to an output, through the node that failed; of several ways, the one that took the longest. */
export function pathThrough(nodes: readonly Node[], failedId: string | undefined): Node[] {
  const graph = nodes.filter(({ parentNodeId }) => parentNodeId === undefined);
  const byId = new Map(graph.map((node) => [node.nodeId, node]));
  const failed = byId.get(nodes.find(({ nodeId }) => nodeId === failedId)?.displayNodeId ?? "") ?? graph.find(({ state }) => state === "error");
  if (!failed) return [];
  const path = [failed];
  const seen = new Set([failed.nodeId]);
  for (let at: Node | undefined = failed; at && path.length <= BEFORE; ) {
    const before: Node[] = at.dependencies.flatMap(({ nodeId }) => byId.get(nodeId) ?? []).filter(({ nodeId }) => !seen.has(nodeId));
    at = longest(before);
    if (at) path.unshift(at);
    if (at) seen.add(at.nodeId);
  }
  for (let at: Node | undefined = failed, after = 0; at && after < AFTER; after += 1) {
    const id: string = at.nodeId;
    at = graph.find((node) => !seen.has(node.nodeId) && node.dependencies.some(({ nodeId }) => nodeId === id));
    if (at) path.push(at);
    if (at) seen.add(at.nodeId);
  }
  return path;
}

/** Those that feed others come before those that stand alone, where times are not known. */
function longest(nodes: readonly Node[]): Node | undefined {
  const weight = (node: Node) => (node.durationMs ?? 0) + node.dependencies.length;
  return [...nodes].sort((one, other) => weight(other) - weight(one))[0];
}

/** `3 of 7 nodes had run`. */
export function hadRun(nodes: readonly Node[]): string {
  const graph = nodes.filter(({ parentNodeId }) => parentNodeId === undefined);
  const ran = graph.filter(({ state }) => state === "finished" || state === "cached").length;
  return `${ran} of ${graph.length} ${graph.length === 1 ? "node" : "nodes"} had run`;
}
