/** What made runs longer or shorter, in words. Pure. */
import { count, duration, type CostDriver } from "@comfyui-monitor/react";

const NAMES: Record<string, string> = {
  steps: "Steps",
  pixels: "Size",
  batch: "Batch size",
  model: "Model",
  sampler: "Sampler",
  load: "Model in memory",
  guided: "Guidance",
  cfg: "CFG",
};

/** `Steps`; `Upscale method` of the input `upscale_method`. */
export function driverName(name: string): string {
  if (Object.hasOwn(NAMES, name)) return NAMES[name] ?? name;
  const words = name.replaceAll("_", " ").trim();
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : name;
}

const VALUES: Record<string, Record<string, string>> = {
  load: { cold: "had to be loaded", warm: "was loaded" },
  guided: { true: "with", false: "without" },
};

/** `20`, `1.05 MP`, `had to be loaded`. */
export function valueWords(name: string, value: string): string {
  const words = VALUES[name];
  if (words && Object.hasOwn(words, value)) return words[value] ?? value;
  if (name === "pixels") return megapixels(value);
  return value === "" ? "empty" : value;
}

function megapixels(value: string): string {
  const pixels = Number(value);
  if (!(pixels > 0)) return value;
  return pixels < 10_000 ? `${count(pixels)} pixels` : `${(pixels / 1e6).toPrecision(3).replace(/\.?0+$/, "")} MP`;
}

export interface DriverValue {
  value: string;
  words: string;
  ms: number;
  /** Of the longest, in percent. */
  width: number;
}

/** Numbers in their order, all else by time. */
export function driverValues({ name, medianMsByValue }: CostDriver): DriverValue[] {
  const entries = Object.entries(medianMsByValue);
  const longest = Math.max(1, ...entries.map(([, ms]) => ms));
  const numeric = entries.every(([value]) => value.trim() !== "" && Number.isFinite(Number(value)));
  const sorted = entries.toSorted(([one, oneMs], [other, otherMs]) => (numeric ? Number(one) - Number(other) : oneMs - otherMs));
  return sorted.map(([value, ms]) => ({ value, words: valueWords(name, value), ms, width: (ms / longest) * 100 }));
}

/** What its figures are worth. */
export function isolationWords({ isolated }: Pick<CostDriver, "isolated">): string {
  return isolated
    ? "From runs that were alike in all else"
    : "It never varied alone: plain medians, in which other inputs may have their part";
}

/** From the shortest to the longest: `up to 2.0 times as long`, `up to 30% longer`. */
export function spreadWords({ medianMsByValue }: CostDriver): string {
  const all = Object.values(medianMsByValue);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const ratio = (most + 1) / (least + 1);
  if (!(ratio >= 1.05)) return "makes no difference";
  return ratio >= 1.95 ? `up to ${ratio >= 10 ? count(ratio) : ratio.toFixed(1)} times as long` : `up to ${Math.round((ratio - 1) * 100)}% longer`;
}

/** For the closed row: what is known of it at a glance. */
export function driversSentence(drivers: readonly CostDriver[]): string {
  if (drivers.length === 0) return "Nothing that varied between its newest runs made them longer or shorter";
  return `What makes it longer: ${drivers.map(({ name }) => driverName(name).toLowerCase()).join(", ")}`;
}

/** A share of all time: `0.12%`, `12.4%`; `under 0.01%`. */
export function shareWords(share: number): string {
  if (!(share > 0)) return "0%";
  if (share < 0.01) return "under 0.01%";
  return `${share < 1 ? share.toFixed(2) : share.toFixed(1)}%`;
}

/** As `duration`, which knows nothing under a hundredth of a second. */
export function took(ms: number): string {
  if (ms < 1) return "under 1 ms";
  return ms < 10 ? `${Math.round(ms)} ms` : duration(ms);
}
