/** Where the nodes of a graph lie: left to right by depth. Done once a graph; nothing of it depends on progress. */
import dagre from "@dagrejs/dagre";
import type { Node } from "@comfyui-monitor/react";
import { wiresOf, type Wire } from "./wires.js";

export const NODE_WIDTH = 158;
export const NODE_HEIGHT = 50;
/** Wide enough for a node that runs, which is larger, between two others. */
const BETWEEN_ROWS = 34;
const BETWEEN_COLUMNS = 56;
/** Above this the better order of a column is not worth its time. */
const MOST_FOR_DAGRE = 600;

export interface Place {
  x: number;
  y: number;
}

export interface PlacedWire extends Wire {
  /** Of an SVG path, in the coordinates of the graph. */
  path: string;
}

export interface Layout {
  /** Top left corners. */
  places: Map<string, Place>;
  wires: PlacedWire[];
  width: number;
  height: number;
}

/** Only nodes of the submitted graph have a place; children of expanded ones are shown within theirs. */
export function isPlaced(node: Node): boolean {
  return node.parentNodeId === undefined;
}

/** The same for two lists that lay out alike. */
export function layoutKey(nodes: readonly Node[]): string {
  const parts = nodes.filter(isPlaced).map(({ nodeId, dependencies }) => `${nodeId}<${dependencies.map((from) => `${from.nodeId}.${from.output}`).join()}`);
  return parts.join(";");
}

export function layOut(all: readonly Node[]): Layout {
  const nodes = all.filter(isPlaced);
  const wires = wiresOf(nodes);
  const { places, ways } = nodes.length > MOST_FOR_DAGRE ? { places: inColumns(nodes), ways: NO_WAYS } : byDagre(nodes, wires);
  const width = Math.max(0, ...[...places.values()].map(({ x }) => x + NODE_WIDTH));
  const height = Math.max(0, ...[...places.values()].map(({ y }) => y + NODE_HEIGHT));
  return { places, wires: wires.map((wire) => ({ ...wire, path: pathOf(wire, places, ways.get(wire.id) ?? []) })), width, height };
}

/** By wire: the middles of the columns it passes. */
type Ways = ReadonlyMap<string, readonly Place[]>;

const NO_WAYS: Ways = new Map();

function byDagre(nodes: readonly Node[], wires: readonly Wire[]): { places: Map<string, Place>; ways: Ways } {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: BETWEEN_ROWS, ranksep: BETWEEN_COLUMNS, edgesep: 12, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { nodeId } of nodes) graph.setNode(nodeId, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { id, source, target } of wires) graph.setEdge(source, target, {}, id);
  dagre.layout(graph);
  const centres = nodes.map(({ nodeId }): [string, Place] => {
    const { x = 0, y = 0 } = graph.node(nodeId) as Partial<Place>;
    return [nodeId, { x, y }];
  });
  const columns = new Set(centres.map(([, { x }]) => Math.round(x)));
  const ways = wires.map(({ id, source, target }): [string, Place[]] => {
    const { points = [] } = graph.edge(source, target, id) as { points?: Place[] };
    return [id, points.slice(1, -1).filter(({ x }) => columns.has(Math.round(x)))];
  });
  const corner = ({ x, y }: Place) => ({ x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 });
  return { places: new Map(centres.map(([id, centre]) => [id, corner(centre)])), ways: new Map(ways) };
}

/** How many nodes lie before each one, at most; a circle counts as far as it was walked. */
export function depthsOf(nodes: readonly Node[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const depths = new Map<string, number>();
  const open = new Set<string>();
  // Not by recursion: a chain may be thousands long.
  for (const { nodeId: first } of nodes) {
    const path = [first];
    while (path.length > 0) {
      const id = path[path.length - 1] as string;
      open.add(id);
      const before = (byId.get(id)?.dependencies ?? []).map(({ nodeId }) => nodeId).filter((other) => byId.has(other));
      const next = depths.has(id) ? undefined : before.find((other) => !depths.has(other) && !open.has(other));
      if (next !== undefined) {
        path.push(next);
        continue;
      }
      if (!depths.has(id)) depths.set(id, Math.max(0, ...before.map((other) => (depths.get(other) ?? -1) + 1)));
      open.delete(id);
      path.pop();
    }
  }
  return depths;
}

function inColumns(nodes: readonly Node[]): Map<string, Place> {
  const depths = depthsOf(nodes);
  const rows = new Map<number, number>();
  return new Map(
    nodes.map(({ nodeId }) => {
      const column = depths.get(nodeId) ?? 0;
      const row = rows.get(column) ?? 0;
      rows.set(column, row + 1);
      return [nodeId, { x: column * (NODE_WIDTH + BETWEEN_COLUMNS), y: row * (NODE_HEIGHT + BETWEEN_ROWS) }];
    }),
  );
}

/** How far from the middle of a side the outermost wires end. */
const REACH = 13;

/** Straight past the nodes of the columns between, in curves from one column to the next. */
function pathOf({ source, target, out, into }: Wire, places: ReadonlyMap<string, Place>, way: readonly Place[]): string {
  const from = places.get(source) as Place;
  const to = places.get(target) as Place;
  const start = { x: from.x + NODE_WIDTH, y: from.y + NODE_HEIGHT / 2 + out * REACH };
  const end = { x: to.x, y: to.y + NODE_HEIGHT / 2 + into * REACH };
  let path = `M${at(start)}`;
  let last = start;
  for (const { x, y } of way) {
    const left = { x: x - NODE_WIDTH / 2, y };
    const right = { x: x + NODE_WIDTH / 2, y };
    path += `${curve(last, left)} L${at(right)}`;
    last = right;
  }
  return path + curve(last, end);
}

function curve(from: Place, to: Place): string {
  const bend = Math.max(28, Math.min(Math.abs(to.x - from.x) / 2, 160));
  return ` C${at({ x: from.x + bend, y: from.y })} ${at({ x: to.x - bend, y: to.y })} ${at(to)}`;
}

function at({ x, y }: Place): string {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}
