import type { ProgressData } from "../types/index.js";
import { steps } from "./numbers.js";

/** `15/20 steps` of a sampler, `3/9` of others; `undefined` where there is nothing a person would count. */
export function stepsDone({ kind, value, max }: Pick<ProgressData, "kind" | "value" | "max">): string | undefined {
  if (value === undefined || max === undefined || max <= 1 || !Number.isInteger(max)) return undefined;
  return steps(Math.floor(value), max, kind);
}

/** What a node does, from its sentence: "Loading" of "Loading Checkpoint Loader". */
export function verbOf(message: string): string {
  return message.trim().split(/\s/, 1)[0] ?? "";
}
