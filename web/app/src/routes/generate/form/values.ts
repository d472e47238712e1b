/** What stands in a field, what it is worth, and what is wrong with it. Pure. */
import type { FormInput, JsonValue, NodeError, Overrides } from "@comfyui-monitor/react";

/** What was typed, by {@link keyOf}; only of fields that were touched. */
export type Drafts = Readonly<Record<string, string>>;

/** By {@link keyOf}. */
export type FieldErrors = Readonly<Record<string, string>>;

/** One input of one node. */
export function keyOf({ nodeId, input }: Pick<FormInput, "nodeId" | "input">): string {
  return `${nodeId}:${input}`;
}

/** A value as its field shows it. */
export function shownValue({ type }: Pick<FormInput, "type">, value: JsonValue): string {
  if (type === "json") return JSON.stringify(value, undefined, 1);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What stands in the field of an input. */
export function draftOf(input: FormInput, drafts: Drafts): string {
  return drafts[keyOf(input)] ?? shownValue(input, input.value);
}

export type Parsed = { value: JsonValue } | { error: string };

/** What a draft is worth. Integers above 2^53 stay text, as the server takes them. */
export function parsed(input: FormInput, draft: string): Parsed {
  switch (input.type) {
    case "int":
      return integer(input, draft);
    case "float":
      return float(input, draft);
    case "boolean":
      return { value: draft === "true" };
    case "choice":
      return { value: input.choices?.find((choice) => shownValue(input, choice) === draft) ?? unchosen(input, draft) };
    case "json":
      return json(draft);
    default:
      return { value: draft };
  }
}

/** A value that is none of the choices is the one the workflow came with. */
function unchosen(input: FormInput, draft: string): JsonValue {
  return shownValue(input, input.value) === draft ? input.value : draft;
}

// Digits are grouped with spaces of several kinds.
const SPACE = /\s/g;

function integer(input: FormInput, draft: string): Parsed {
  const text = draft.replace(SPACE, "");
  if (text === "") return { error: "A number is missing" };
  if (!/^[+-]?\d+$/.test(text)) return { error: `${short(draft)} is not a whole number` };
  const value = BigInt(text.replace(/^\+/, ""));
  const { min, max } = input;
  if (isIntegral(min) && value < BigInt(min)) return { error: `${value} is below the least, ${min}` };
  if (isIntegral(max) && value > BigInt(max)) return { error: `${value} is above the most, ${max}` };
  const exact = Number.isSafeInteger(Number(value));
  return { value: exact ? Number(value) : value.toString() };
}

function isIntegral(bound: JsonValue | undefined): bound is number | string {
  return typeof bound === "number" ? Number.isInteger(bound) : typeof bound === "string" && /^-?\d+$/.test(bound);
}

function float(input: FormInput, draft: string): Parsed {
  const text = draft.replace(SPACE, "").replace(/^([+-]?\d*),(\d+)$/, "$1.$2");
  if (text === "") return { error: "A number is missing" };
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return { error: `${short(draft)} is not a number` };
  const [min, max] = [Number(input.min ?? -Infinity), Number(input.max ?? Infinity)];
  if (value < min) return { error: `${value} is below the least, ${min}` };
  if (value > max) return { error: `${value} is above the most, ${max}` };
  return { value };
}

function json(draft: string): Parsed {
  try {
    return { value: JSON.parse(draft) as JsonValue };
  } catch (cause) {
    return { error: `This is no JSON: ${(cause as Error).message}` };
  }
}

function short(draft: string): string {
  const text = draft.trim();
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** What the touched fields have wrong. The others are the workflow's own business, and the server's. */
export function errorsOf(inputs: readonly FormInput[], drafts: Drafts): FieldErrors {
  const errors: Record<string, string> = {};
  for (const input of touched(inputs, drafts)) {
    const result = parsed(input, draftOf(input, drafts));
    if ("error" in result) errors[keyOf(input)] = result.error;
  }
  return errors;
}

/** What differs from the workflow as it was read. Fields with errors are left out. */
export function overridesOf(inputs: readonly FormInput[], drafts: Drafts): Overrides {
  const overrides: Overrides = {};
  const add = ({ nodeId, input }: FormInput, value: unknown) => void ((overrides[nodeId] ??= {})[input] = value);
  for (const input of inputs) {
    const key = keyOf(input);
    // The page's copy of the graph has integers above 2^53 as text; as overrides they are numbers again.
    const isLong = input.type === "int" && typeof input.value === "string";
    if (drafts[key] === undefined) {
      if (isLong) add(input, input.value);
      continue;
    }
    const result = parsed(input, drafts[key]);
    if ("value" in result && (isLong || !isSame(result.value, input.value))) add(input, result.value);
  }
  return overrides;
}

function touched(inputs: readonly FormInput[], drafts: Drafts): FormInput[] {
  return inputs.filter((input) => drafts[keyOf(input)] !== undefined);
}

function isSame(one: JsonValue, other: JsonValue): boolean {
  return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}

/** Complaints by field, and those that belong to none. */
export function byField(inputs: readonly FormInput[], complaints: readonly NodeError[]) {
  const keys = new Set(inputs.map(keyOf));
  const fields: Record<string, string> = {};
  const rest: NodeError[] = [];
  for (const complaint of complaints) {
    const key = keyOf({ nodeId: complaint.nodeId ?? "", input: complaint.input ?? "" });
    if (!keys.has(key)) rest.push(complaint);
    else fields[key] = fields[key] === undefined ? complaint.message : `${fields[key]}. ${complaint.message}`;
  }
  return { fields, rest };
}

/** The drafts that still fit another reading of the same graph. */
export function fitting(inputs: readonly FormInput[], drafts: Drafts): Drafts {
  const keys = new Set(inputs.map(keyOf));
  return Object.fromEntries(Object.entries(drafts).filter(([key]) => keys.has(key)));
}
