import type { Overrides, Workflow } from "../types/index.js";

/** A seed of a graph: where it is, and what it is as text (they may be larger than a number can hold). */
export interface Seed {
  nodeId: string;
  input: string;
  value: string;
}

const NAMES = ["seed", "noise_seed"];

/** The first seed of a graph that holds a value, with the overrides in force. */
export function seedOf(workflow: Workflow | undefined, overrides?: Overrides): Seed | undefined {
  for (const [nodeId, node] of Object.entries(workflow ?? {})) {
    const inputs = isObject(node) && isObject(node.inputs) ? node.inputs : {};
    for (const input of NAMES) {
      const value = overrides?.[nodeId]?.[input] ?? inputs[input];
      if (typeof value === "number" || typeof value === "string") return { nodeId, input, value: String(value) };
    }
  }
  return undefined;
}

/** The overrides with another value for this seed. `random`: 0 to 1. */
export function withNewSeed({ nodeId, input }: Seed, overrides: Overrides = {}, random: () => number = Math.random): Overrides {
  const seed = Math.floor(random() * 2 ** 48);
  return { ...overrides, [nodeId]: { ...overrides[nodeId], [input]: seed } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
