import type { Node, NodeKind, NodeState } from "../types/index.js";
import { times } from "./numbers.js";

type Named = Pick<Node, "nodeId" | "title" | "parentNodeId">;

/** Names by node id: its title, and its id where another node of the graph has the same ("CLIP Text Encoder 6"). */
export function nodeNames(nodes: readonly Named[]): Map<string, string> {
  const graph = nodes.filter((node) => node.parentNodeId === undefined);
  const counts = new Map<string, number>();
  for (const { title } of graph) counts.set(title, (counts.get(title) ?? 0) + 1);
  const isShared = (node: Named) => node.parentNodeId === undefined && (counts.get(node.title) ?? 0) > 1;
  return new Map(nodes.map((node) => [node.nodeId, isShared(node) ? `${node.title} ${node.nodeId}` : node.title]));
}

/** One row of what is finished: a node, or several alike in a row. */
export interface FinishedRow {
  nodeIds: string[];
  name: string;
  kind: NodeKind;
  state: NodeState;
  /** What they took together; absent where it is not known, and for what comes from the cache. */
  durationMs?: number;
}

/** `nodes` in the order they are shown in; neighbours of one name and state become one row. */
export function finishedRows(nodes: readonly Node[], names: ReadonlyMap<string, string>): FinishedRow[] {
  const runs: Node[][] = [];
  for (const node of nodes) {
    const run = runs.at(-1);
    if (run?.[0] && isAlike(run[0], node)) run.push(node);
    else runs.push([node]);
  }
  return runs.map((run) => {
    const first = run[0] as Node;
    const name = run.length > 1 ? `${first.title}, ${times(run.length)}` : (names.get(first.nodeId) ?? first.title);
    const took = run.flatMap((node) => node.durationMs ?? []);
    const durationMs = took.length === run.length && first.state !== "cached" ? took.reduce((sum, ms) => sum + ms, 0) : undefined;
    const { kind, state } = first;
    return { nodeIds: run.map((node) => node.nodeId), name, kind, state, ...(durationMs !== undefined && { durationMs }) };
  });
}

/** Those shown before in their order, then what is new: nothing moves that was there. */
export function inOrder(before: readonly string[], nodes: readonly Node[]): Node[] {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const kept = before.flatMap((id) => byId.get(id) ?? []);
  for (const { nodeId } of kept) byId.delete(nodeId);
  const began = ({ startedAt }: Node) => startedAt ?? "";
  const fresh = [...byId.values()].sort((one, other) => (began(one) < began(other) ? -1 : began(one) > began(other) ? 1 : 0));
  return [...kept, ...fresh];
}

function isAlike(one: Node, other: Node): boolean {
  return one.title === other.title && one.kind === other.kind && one.state === other.state && one.classType === other.classType;
}
