import type { Node } from "@comfyui-monitor/react";

/** A seed in the graph as it was sent. */
export interface Seed {
  nodeId: string;
  input: string;
  /** To its last digit. */
  value: string;
}

const INPUTS = ["seed", "noise_seed", "rand_seed"];
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** A graph from its text; integers that JavaScript would round become text. */
export function exactGraph(text: string): Record<string, unknown> {
  const exact = text.replace(TOKEN, (token) => (isTooLarge(token) ? `"${token}"` : token));
  try {
    const graph: unknown = JSON.parse(exact);
    return typeof graph === "object" && graph !== null && !Array.isArray(graph) ? (graph as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isTooLarge(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
}

/** The seed that makes the picture: a sampler's own, else the first one of the graph. */
export function seedOf(graph: Record<string, unknown>, nodes: readonly Node[]): Seed | undefined {
  const seeds = Object.entries(graph).flatMap(([nodeId, node]) => seedsOf(nodeId, node));
  const samplers = new Set(nodes.filter(({ kind }) => kind === "sampler").map(({ nodeId }) => nodeId));
  return seeds.find(({ nodeId }) => samplers.has(nodeId)) ?? seeds[0];
}

function seedsOf(nodeId: string, node: unknown): Seed[] {
  const inputs = (node as { inputs?: Record<string, unknown> } | null)?.inputs ?? {};
  return INPUTS.flatMap((input) => {
    const value = Object.hasOwn(inputs, input) ? inputs[input] : undefined;
    const isSeed = typeof value === "number" || (typeof value === "string" && /^\d{1,20}$/.test(value));
    return isSeed ? [{ nodeId, input, value: String(value) }] : [];
  });
}

/** `418 276 903`, with thin spaces, so that it can be read out. */
export function spacedSeed(value: string): string {
  return value.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** Another one, at random; kept below 2^53, which every client takes as a number. */
export function newSeed(random: () => number = Math.random): number {
  return Math.floor(random() * Number.MAX_SAFE_INTEGER);
}
