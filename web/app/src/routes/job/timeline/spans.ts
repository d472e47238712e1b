/** Where each node lies in time, in milliseconds from the start of the job. Pure. */
import type { Eta, Generation, Node } from "@comfyui-monitor/react";
import { startOf, type Starts } from "./starts.js";

export type SpanKind = "ran" | "running" | "stalled" | "expected" | "cached" | "failed" | "interrupted";

export interface Span {
  nodeId: string;
  kind: SpanKind;
  start: number;
  /** How far it has come. */
  end: number;
  /** Where it should end, of what runs. */
  until?: number;
  /** When it began is not known; it stands where it could have begun at the earliest. */
  isGuess: boolean;
  /** Another node ran at the same time. */
  isParallel: boolean;
}

export interface Course {
  nodes: readonly Node[];
  generation: Pick<Generation, "startedAt" | "status" | "stalledSince">;
  starts: Starts;
  /** How long the job has run. */
  elapsedMs: number;
  /** By node, how long it has run as of `elapsedMs`. */
  runningMs: ReadonlyMap<string, number>;
  eta?: Eta | undefined;
}

/** Two that overlap less than this (ms) merely follow each other closely. */
const OVERLAP = 20;

export function spansOf(course: Course): Map<string, Span> {
  const spans = new Map<string, Span>();
  for (const node of course.nodes) {
    const span = pastOf(node, course, spans);
    if (span) spans.set(node.nodeId, span);
  }
  if (course.generation.status === "processing" || course.generation.status === "pending") foresee(course, spans);
  tellParallel(course.nodes, spans);
  return spans;
}

/** What has run, runs, or came from cache. */
function pastOf(node: Node, course: Course, before: ReadonlyMap<string, Span>): Span | undefined {
  const known = startOf(node, course.generation, course.starts);
  const earliest = Math.max(0, ...node.dependencies.map(({ nodeId }) => before.get(nodeId)?.end ?? 0));
  const start = Math.min(known ?? earliest, Math.max(course.elapsedMs, known ?? 0));
  const base = { nodeId: node.nodeId, start, isGuess: known === undefined, isParallel: false };
  const took = node.durationMs ?? node.elapsedMs;
  switch (node.state) {
    case "cached":
      return { ...base, kind: "cached", start: earliest, end: earliest, isGuess: false };
    case "running": {
      const end = Math.max(start, course.elapsedMs);
      const ran = course.runningMs.get(node.nodeId) ?? node.elapsedMs ?? 0;
      return { ...base, kind: course.generation.stalledSince ? "stalled" : "running", start: known ?? Math.max(0, end - ran), end, isGuess: false };
    }
    case "finished":
      return took === undefined ? undefined : { ...base, kind: "ran", end: start + took };
    case "error":
    case "interrupted":
      return { ...base, kind: node.state === "error" ? "failed" : "interrupted", end: Math.max(start + (took ?? 0), took === undefined ? course.elapsedMs : 0) };
    default:
      return undefined;
  }
}

/** What should come: as long as each should take, one after another, together as long as the time left. */
function foresee({ nodes, generation, elapsedMs, runningMs, eta }: Course, spans: Map<string, Span>): void {
  let cursor = elapsedMs;
  const running: Array<[Span, number]> = [];
  const coming: Span[] = [];
  for (const node of nodes) {
    const span = spans.get(node.nodeId);
    const left = span && (span.kind === "running" || span.kind === "stalled") ? leftOf(node, runningMs.get(node.nodeId) ?? 0) : undefined;
    if (span && left !== undefined) running.push([span, left]);
  }
  cursor += Math.max(0, ...running.map(([, left]) => left));
  for (const node of nodes) {
    if (node.state !== "pending" || node.expectedMs === undefined || node.parentNodeId !== undefined) continue;
    coming.push({ nodeId: node.nodeId, kind: "expected", start: cursor, end: cursor + node.expectedMs, isGuess: false, isParallel: false });
    cursor += node.expectedMs;
  }
  const future = cursor - elapsedMs;
  // Of what waits, the time left has the wait in it.
  const factor = eta && future > 0 && generation.status === "processing" ? eta.remainingMs / future : 1;
  const scaled = (ms: number) => elapsedMs + (ms - elapsedMs) * factor;
  for (const [span, left] of running) spans.set(span.nodeId, { ...span, until: scaled(elapsedMs + left) });
  for (const span of coming) spans.set(span.nodeId, { ...span, start: scaled(span.start), end: scaled(span.end) });
}

/** By its own pace where it counts steps, else by what it usually takes. */
function leftOf({ percentage, expectedMs }: Node, ranMs: number): number | undefined {
  if (percentage !== undefined && percentage > 0 && ranMs > 0) return (ranMs * (100 - percentage)) / percentage;
  return expectedMs === undefined ? undefined : Math.max(0, expectedMs - ranMs);
}

function tellParallel(nodes: readonly Node[], spans: Map<string, Span>): void {
  const family = new Map(nodes.map((node) => [node.nodeId, node.displayNodeId]));
  const ran = [...spans.values()].filter(({ kind, isGuess }) => kind !== "cached" && kind !== "expected" && !isGuess);
  ran.sort((one, other) => one.start - other.start);
  ran.forEach((one, at) => {
    for (let next = at + 1; next < ran.length; next += 1) {
      const other = ran[next] as Span;
      if (one.end - other.start <= OVERLAP) break;
      // A parent runs as long as its children do: that is one thing, not two.
      const isFamily = family.get(one.nodeId) === family.get(other.nodeId);
      if (isFamily || Math.min(one.end, other.end) - other.start <= OVERLAP) continue;
      (spans.get(one.nodeId) as Span).isParallel = true;
      (spans.get(other.nodeId) as Span).isParallel = true;
    }
  });
}

/** Where the last bar ends. */
export function totalOf(spans: ReadonlyMap<string, Span>, elapsedMs: number): number {
  let total = elapsedMs;
  for (const { end, until } of spans.values()) total = Math.max(total, end, until ?? 0);
  return total;
}
