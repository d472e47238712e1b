/** The lines of the timeline: a node each, but for those that read better together. Pure. */
import { times, type Node, type NodeKind } from "@comfyui-monitor/react";

export interface Row {
  key: string;
  nodes: Node[];
  name: string;
  kind: NodeKind;
  /** A child of an expanded node, under its parent. */
  isChild: boolean;
  /** All that came from cache, in one line. */
  isFold: boolean;
}

/** More lines from cache than this become one, where there are many lines. */
const MANY_CACHED = 3;
const MANY_ROWS = 20;
/** Nodes of one name that follow each other, in one line. */
const MOST_TOGETHER = 3;

/** `unfolded`: those from cache have their own lines too. The order is that of the graph and does not change. */
export function rowsOf(nodes: readonly Node[], names: ReadonlyMap<string, string>, unfolded = false): Row[] {
  const rows = together(withChildren(nodes), names);
  const cached = rows.filter((row) => row.nodes.every(({ state }) => state === "cached"));
  const folds = !unfolded && rows.length > MANY_ROWS && cached.length > MANY_CACHED;
  if (!folds) return rows;
  const hidden = new Set(cached);
  const all = cached.flatMap((row) => row.nodes);
  const fold: Row = { key: "cached", nodes: all, name: `${all.length} nodes from cache`, kind: "other", isChild: false, isFold: true };
  return [fold, ...rows.filter((row) => !hidden.has(row))];
}

/** Children of an expanded node behind the node they are shown under. */
export function withChildren(nodes: readonly Node[]): Node[] {
  const ids = new Set(nodes.map(({ nodeId }) => nodeId));
  const isUnder = (node: Node) => node.parentNodeId !== undefined && node.displayNodeId !== node.nodeId && ids.has(node.displayNodeId);
  const children = new Map<string, Node[]>();
  for (const node of nodes.filter(isUnder)) children.set(node.displayNodeId, [...(children.get(node.displayNodeId) ?? []), node]);
  return nodes.filter((node) => !isUnder(node)).flatMap((node) => [node, ...(children.get(node.nodeId) ?? [])]);
}

function together(nodes: Node[], names: ReadonlyMap<string, string>): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < nodes.length; ) {
    const first = nodes[at] as Node;
    let end = at + 1;
    while (end < nodes.length && isAlike(first, nodes[end] as Node)) end += 1;
    const run = nodes.slice(at, end);
    const isTogether = run.length > 1 && run.length <= MOST_TOGETHER;
    rows.push(...(isTogether ? [rowOf(run, `${first.title}, ${times(run.length)}`)] : run.map((node) => rowOf([node], names.get(node.nodeId) ?? node.title))));
    at = end;
  }
  return rows;
}

function isAlike(one: Node, other: Node): boolean {
  return one.title === other.title && one.classType === other.classType && one.parentNodeId === other.parentNodeId;
}

function rowOf(nodes: Node[], name: string): Row {
  const first = nodes[0] as Node;
  return { key: first.nodeId, nodes, name, kind: first.kind, isChild: first.parentNodeId !== undefined, isFold: false };
}
