import type { Instance } from "@comfyui-monitor/react";
import { addressOf } from "../instances/device.js";

/** The servers, where every one of them is away; nothing while at least one answers, or none is known. */
export function allAway(instances: readonly Instance[]): Instance[] {
  const isAway = ({ state }: Instance) => state === "disconnected" || state === "connecting";
  return instances.length > 0 && instances.every(isAway) && instances.some(({ state }) => state === "disconnected") ? [...instances] : [];
}

/** `localhost:8188`, `gpu-1:8188 and gpu-2:8188`, `gpu-1:8188 and 4 others`. */
export function addresses(instances: readonly Pick<Instance, "url">[]): string {
  return together(instances.map(({ url }) => addressOf(url)));
}

/** The same by name: `gpu-1`, `gpu-1 and gpu-2`, `gpu-1 and 4 others`. */
export function names(instances: readonly Pick<Instance, "name">[]): string {
  return together(instances.map(({ name }) => name));
}

function together(words: readonly string[]): string {
  const [first = "", second] = words;
  if (words.length < 2) return first;
  return words.length === 2 ? `${first} and ${second}` : `${first} and ${words.length - 1} others`;
}
