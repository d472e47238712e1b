import type { Instance } from "@comfyui-monitor/react";

/** The servers, where every one of them is away; nothing while at least one answers, or none is known. */
export function allAway(instances: readonly Instance[]): Instance[] {
  const isAway = ({ state }: Instance) => state === "disconnected" || state === "connecting";
  return instances.length > 0 && instances.every(isAway) && instances.some(({ state }) => state === "disconnected") ? [...instances] : [];
}

/** `localhost:8188`, `gpu-1:8188 and gpu-2:8188`, `gpu-1:8188 and 4 others`. */
export function addresses(instances: readonly Pick<Instance, "url">[]): string {
  const [first, second] = instances.map(({ url }) => url.replace(/^\w+:\/\//, "").replace(/\/$/, ""));
  if (first === undefined) return "";
  if (instances.length === 1) return first;
  return instances.length === 2 ? `${first} and ${second}` : `${first} and ${instances.length - 1} others`;
}
