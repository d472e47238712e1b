/** The state of every node of a graph, so that each can listen to its own. */
import { foremost } from "./inside.js";
import { isEnded, type JobError, type JobState, type Node, type NodeKind, type NodeState } from "@comfyui-monitor/react";

/** A node as the graph shows it. */
export interface Tile {
  node: Node;
  name: string;
  isStalled: boolean;
  /** The job is over, whatever its nodes say. */
  isOver: boolean;
  /** Children of an expanded node: how many, how many are done, and the one that runs. */
  inside?: { total: number; done: number; running?: { title: string; kind: NodeKind; value?: number; max?: number; percentage?: number } };
  /** What stopped it, in short. */
  error?: string;
}

export class Board {
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(private tiles: ReadonlyMap<string, Tile> = new Map()) {}

  tile(nodeId: string): Tile | undefined {
    return this.tiles.get(nodeId);
  }

  stateOf(nodeId: string): NodeState | undefined {
    return this.tiles.get(nodeId)?.node.state;
  }

  /** Tells those whose node changed, and nobody else. */
  set(tiles: ReadonlyMap<string, Tile>): void {
    const before = this.tiles;
    const next = new Map<string, Tile>();
    const changed: string[] = [];
    for (const [nodeId, tile] of tiles) {
      const held = before.get(nodeId);
      const isSame = held !== undefined && isAlike(held, tile);
      next.set(nodeId, isSame ? held : tile);
      if (!isSame) changed.push(nodeId);
    }
    this.tiles = next;
    for (const nodeId of changed) for (const listener of [...(this.listeners.get(nodeId) ?? [])]) listener();
  }

  subscribe(nodeIds: readonly string[], listener: () => void): () => void {
    for (const nodeId of nodeIds) {
      const own = this.listeners.get(nodeId) ?? new Set();
      this.listeners.set(nodeId, own.add(listener));
    }
    return () => {
      for (const nodeId of nodeIds) this.listeners.get(nodeId)?.delete(listener);
    };
  }
}

function isAlike(one: Tile, other: Tile): boolean {
  return (
    one.node === other.node &&
    one.name === other.name &&
    one.isStalled === other.isStalled &&
    one.isOver === other.isOver &&
    one.error === other.error &&
    JSON.stringify(one.inside) === JSON.stringify(other.inside)
  );
}

export function tilesOf(state: JobState, names: ReadonlyMap<string, string>, short: (error: JobError) => string): Map<string, Tile> {
  const { generation } = state;
  if (!generation) return new Map();
  const children = childrenOf(generation.nodes);
  const isOver = isEnded(generation);
  return new Map(
    generation.nodes
      .filter(({ parentNodeId }) => parentNodeId === undefined)
      .map((node): [string, Tile] => {
        const inner = children.get(node.nodeId);
        const failed = node.state === "error" && generation.error !== undefined;
        const tile: Tile = {
          node,
          name: names.get(node.nodeId) ?? node.title,
          isStalled: node.state === "running" && generation.stalledSince !== undefined,
          isOver,
          ...(inner && { inside: foremost(inner) }),
          ...(failed && { error: short(generation.error as JobError) }),
        };
        return [node.nodeId, tile];
      }),
  );
}

function childrenOf(nodes: readonly Node[]): Map<string, Node[]> {
  const children = new Map<string, Node[]>();
  for (const node of nodes) {
    if (node.parentNodeId === undefined) continue;
    const held = children.get(node.displayNodeId);
    if (held) held.push(node);
    else children.set(node.displayNodeId, [node]);
  }
  return children;
}
