import type { Instance } from "@comfyui-monitor/react";

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** By name, whatever they do: a card never changes its place because of its state. */
export function inFixedOrder(instances: readonly Instance[]): Instance[] {
  const byId = (one: Instance, other: Instance) => (one.instanceId < other.instanceId ? -1 : 1);
  return instances.toSorted((one, other) => names.compare(one.name, other.name) || byId(one, other));
}

/** The one that a link means: its id, else its name. */
export function meantBy(link: string, instances: readonly Instance[]): Instance | undefined {
  const wanted = decoded(link);
  return (
    instances.find(({ instanceId }) => instanceId === wanted) ??
    instances.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
