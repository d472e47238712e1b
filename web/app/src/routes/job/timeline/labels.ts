/** What stands beside a bar. Pure. */
import { about, duration, stepsDone, type Node } from "@comfyui-monitor/react";
import { stepInWords } from "../../../jobs/steps.js";
import type { Row } from "./rows.js";
import type { Span } from "./spans.js";

export function labelOf(row: Row, spans: ReadonlyMap<string, Span>, runningMs: ReadonlyMap<string, number>): string {
  if (row.isFold) return "cached";
  const telling = row.nodes.find(({ state }) => state === "running") ?? row.nodes.find(({ state }) => state === "error");
  if (telling) return nodeLabel(telling, spans, runningMs);
  const ran = row.nodes.filter(({ state, durationMs }) => state === "finished" && durationMs !== undefined);
  if (ran.length < 2) return nodeLabel(ran[0] ?? (row.nodes[0] as Node), spans, runningMs);
  const sum = ran.reduce((total, node) => total + (node.durationMs ?? 0), 0);
  return duration(sum) + (ran.some(({ nodeId }) => spans.get(nodeId)?.isParallel) ? ", in parallel" : "");
}

function nodeLabel(node: Node, spans: ReadonlyMap<string, Span>, runningMs: ReadonlyMap<string, number>): string {
  const span = spans.get(node.nodeId);
  const parallel = span?.isParallel ? ", in parallel" : "";
  const took = node.durationMs ?? node.elapsedMs;
  switch (node.state) {
    case "cached":
      return "cached";
    case "running":
      return (stepsDone(node) ?? `${duration(runningMs.get(node.nodeId) ?? took ?? 0)} so far`) + parallel;
    case "finished":
      return took === undefined ? "done, time not known" : duration(took) + parallel;
    case "error":
    case "interrupted":
      return `stopped${at(node)}`;
    case "skipped":
      return "did not run";
    case "pending":
      return node.expectedMs === undefined ? "not known yet" : about(node.expectedMs);
  }
}

function at(node: Node): string {
  const step = stepInWords(node.value, node.max);
  if (step) return ` at ${step}`;
  const took = node.durationMs ?? node.elapsedMs;
  return took === undefined ? "" : ` after ${duration(took)}`;
}

/** A bar from end to end has no place for its label but behind it. */
export function roomFor(spans: ReadonlyMap<string, Span>, totalMs: number, isNarrow = false): number {
  const [least, most] = isNarrow ? [0.38, 0.55] : [0.25, 0.72];
  const isLong = ({ start, end, until, kind }: Span) => kind !== "cached" && start < totalMs * least && Math.max(end, until ?? 0) > totalMs * most;
  return [...spans.values()].some(isLong) ? (isNarrow ? 1.6 : 1.3) : 1.03;
}

/** Left of the bar where it would not fit behind it. In percent of the width. */
export function labelSide(start: number, end: number, isExpected: boolean, isNarrow = false): "left" | "right" {
  const [least, most] = isNarrow ? [38, 60] : [22, 78];
  if (isExpected && start > least) return "left";
  return end > most && start > least ? "left" : "right";
}
