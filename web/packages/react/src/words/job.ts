import { currentNode, elapsedAt, etaAt } from "../core/select.js";
import type { JobState } from "../core/reducer.js";
import type { Generation, Node } from "../types/index.js";
import { timeLeft } from "./left.js";
import { shownState } from "./states.js";
import { clock, duration, inLine, stopwatch } from "./time.js";
import { stripSentence } from "./titles.js";

/** What stands beside the percentage of a whole job: what matters, and what else is known. */
export interface OverallWords {
  headline: string;
  detail: string;
}

/** As of `now` (ms, the clock of the state). */
export function overallWords(state: JobState, now: number): OverallWords {
  const { generation } = state;
  if (!generation) return { headline: "", detail: "" };
  if (generation.retry) return { headline: "Between two attempts", detail: soFar(state, now) };
  switch (generation.status) {
    case "pending":
      return waiting(generation);
    case "processing":
      return running(state, generation, now);
    case "completed":
      return { headline: took("Done", state, now), detail: ended(generation, now, "finished") };
    case "failed":
      return { headline: took("Failed", state, now), detail: ended(generation, now, "stopped") };
    case "interrupted":
      return { headline: took("Stopped", state, now), detail: ended(generation, now, "stopped") };
  }
}

function waiting(generation: Generation): OverallWords {
  const { queuePosition, estimatedWaitTime, message, eta } = generation;
  // The server's sentence says the same, and more where there is no server yet.
  const headline = message ?? inLine(queuePosition, estimatedWaitTime);
  return { headline, detail: eta ? `${timeLeft(eta)}, the wait included` : "" };
}

function running(state: JobState, generation: Generation, now: number): OverallWords {
  if (generation.stalledSince !== undefined) return { headline: "Not known how long", detail: soFar(state, now) };
  const eta = etaAt(state, now);
  const over = generation.overMs === undefined ? undefined : generation.overMs + Math.max(0, now - state.heardAt);
  const isSure = eta !== undefined && over === undefined && eta.lowMs > 0 && eta.highMs / eta.lowMs <= 3;
  const ready = isSure ? `, ready around ${clock(now + eta.remainingMs, now)}` : "";
  return { headline: timeLeft(eta, over), detail: soFar(state, now) + ready };
}

/** "0:41 so far"; "0:09 in attempt 2, 1:13 in all". */
function soFar(state: JobState, now: number): string {
  const elapsed = elapsedAt(state, now);
  const { attempts = [], startedAt } = state.generation ?? {};
  const number = attempts.at(-1)?.number ?? 1;
  if (number === 1) return `${stopwatch(elapsed)} so far`;
  // Both are the server's clock; what passed since is ours.
  const began = attempts.find((attempt) => attempt.startedAt !== undefined)?.startedAt;
  const own = `${stopwatch(elapsed)} in attempt ${number}`;
  if (began === undefined || startedAt === undefined || began >= startedAt) return own;
  return `${own}, ${stopwatch(Date.parse(startedAt) - Date.parse(began) + elapsed)} in all`;
}

function took(word: string, state: JobState, now: number): string {
  const ms = elapsedAt(state, now);
  if (ms <= 0) return word;
  return word === "Done" ? `Done in ${duration(ms)}` : `${word} after ${duration(ms)}`;
}

function ended({ completedAt }: Generation, now: number, word: string): string {
  return completedAt === undefined ? "" : `${word} ${clock(completedAt, now)}`;
}

/** Nodes of the graph that have had their turn, and how many there are. */
export function nodesDone(nodes: readonly Node[]): { done: number; total: number } {
  const graph = nodes.filter((node) => node.parentNodeId === undefined);
  return { done: graph.filter(hasHadItsTurn).length, total: graph.length };
}

export function hasHadItsTurn({ state }: Node): boolean {
  return state !== "pending" && state !== "running" && state !== "skipped";
}

/** The strip in a sentence, for who cannot see it: "66%, K-Sampler runs, 3 of 7 nodes finished". */
export function jobSentence(state: JobState): string {
  const { generation } = state;
  if (!generation) return "";
  const { done: finished, total } = nodesDone(generation.nodes);
  const at = currentNode(state)?.currentNode ?? generation.nodes.find((node) => node.state === "error")?.title;
  const counts = total > 0 ? { finished, total } : {};
  return stripSentence({ percentage: generation.overallPercentage, current: at, state: shownState(generation), ...counts });
}

/** Whether there was nothing to do: every node came from the cache. */
export function isAllCached({ status, nodes }: Generation): boolean {
  return status === "completed" && nodes.length > 0 && nodes.every((node) => node.state === "cached");
}
