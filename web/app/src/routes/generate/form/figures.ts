/** Seeds, sizes and the ranges of sliders. Pure, but for the dice. */
import { pixels, type FormInput } from "@comfyui-monitor/react";
import type { Size } from "./arrangement.js";
import { draftOf, parsed, type Drafts } from "./values.js";

const THIN_SPACE = "\u2009";

/** `418 276 903`: digits in threes, where it is a number. */
export function grouped(draft: string): string {
  const [, sign = "", digits = ""] = /^\s*(-?)(\d+)\s*$/.exec(draft) ?? [];
  return digits ? sign + digits.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE) : draft;
}

/** Any of the 2^64 seeds, or of as many as the input takes. */
export function randomSeed({ min, max }: Pick<FormInput, "min" | "max">, random = cryptoWords): string {
  const least = bound(min, 0n);
  const most = bound(max, 2n ** 64n - 1n);
  const count = most - least + 1n;
  if (count <= 1n) return least.toString();
  const [high = 0, low = 0] = random();
  return (least + (((BigInt(high) << 32n) | BigInt(low)) % count)).toString();
}

function bound(value: unknown, otherwise: bigint): bigint {
  const text = typeof value === "number" && Number.isInteger(value) ? BigInt(value).toString() : value;
  return typeof text === "string" && /^-?\d+$/.test(text) ? BigInt(text) : otherwise;
}

function cryptoWords(): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(2));
}

/** Sizes that models were trained on: SD 1.5, SDXL and its like, video. */
const COMMON: readonly (readonly [number, number])[] = [
  [512, 512], [512, 768], [768, 512], [768, 768], [832, 480], [480, 832],
  [1024, 1024], [832, 1216], [1216, 832], [896, 1152], [1152, 896], [768, 1344], [1344, 768], [1280, 720], [720, 1280],
];

export const CUSTOM = "custom";

export interface SizeChoice {
  value: string;
  label: string;
}

/** Common sizes within the bounds, the size that stands there, and any other. */
export function sizeChoices({ width, height }: Size, drafts: Drafts): SizeChoice[] {
  const isWithin = (input: FormInput, value: number) => "value" in parsed(input, String(value));
  const common = COMMON.filter(([w, h]) => isWithin(width, w) && isWithin(height, h));
  const stands = [draftOf(width, drafts), draftOf(height, drafts)].map(Number);
  const [w = NaN, h = NaN] = stands;
  const isNew = stands.every(Number.isInteger) && !common.some(([cw, ch]) => cw === w && ch === h);
  const all = isNew ? [[w, h] as const, ...common] : common;
  return [...all.map(([w, h]) => ({ value: `${w}x${h}`, label: pixels(w, h) })), { value: CUSTOM, label: "Other size" }];
}

/** Which of {@link sizeChoices} stands there. */
export function chosenSize({ width, height }: Size, drafts: Drafts): string {
  return `${draftOf(width, drafts).trim()}x${draftOf(height, drafts).trim()}`;
}

/** Width and height of one of {@link sizeChoices}. */
export function sizeOf(choice: string): [string, string] | undefined {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(choice) ?? [];
  return width && height ? [width, height] : undefined;
}

export interface SliderRange {
  min: number;
  max: number;
  step: number;
}

/** Where values are usual; a node allows 10 000 steps, and a slider of that is of no use. */
const USUAL: Partial<Record<FormInput["role"], number>> = { steps: 50, cfg: 15 };

/** The most positions with which a slider still hits what is meant. */
const POSITIONS = 200;

/** The range of a number's slider; none where it would only guess. */
export function sliderRange(input: FormInput, value: number): SliderRange | undefined {
  const min = Number(input.min ?? NaN);
  const usual = USUAL[input.role];
  const most = Number(input.max ?? NaN);
  const step = Number(input.step ?? (input.type === "int" ? 1 : 0.01));
  if (!Number.isFinite(min) || !Number.isFinite(most) || !(step > 0)) return undefined;
  if (usual === undefined) return (most - min) / step <= POSITIONS && most > min ? { min, max: most, step } : undefined;
  const reach = Number.isFinite(value) && value > usual ? value : usual;
  return { min, max: Math.min(most, reach), step: input.role === "cfg" ? Math.max(step, 0.1) : step };
}

/** One step up or down from `draft`, within the bounds; as an arrow key does it. */
export function stepped(input: FormInput, draft: string, steps: number): string {
  if (input.type === "int") {
    const text = draft.replace(/\s/g, "");
    const by = Number(input.step ?? 1);
    const from = /^[+-]?\d+$/.test(text) ? BigInt(text) : bound(input.min, 0n);
    const to = from + BigInt(Math.max(1, Number.isInteger(by) ? by : 1)) * BigInt(steps);
    const [least, most] = [bound(input.min, to), bound(input.max, to)];
    return (to < least ? least : to > most ? most : to).toString();
  }
  const by = Number(input.step ?? 0.1);
  const { value } = { value: 0, ...parsed({ ...input, min: undefined, max: undefined } as unknown as FormInput, draft) };
  const to = Number(value) + by * steps;
  const clamped = Math.min(Number(input.max ?? Infinity), Math.max(Number(input.min ?? -Infinity), to));
  return String(Number(clamped.toFixed(Math.max(decimals(by), decimals(Number(value))))));
}

function decimals(value: number): number {
  return Math.min(10, /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0);
}
