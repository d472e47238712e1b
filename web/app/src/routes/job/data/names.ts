import { steps, type Node } from "@comfyui-monitor/react";

/** What each node is called: its title, and its id where another one has the same. */
export function namesOf(nodes: readonly Node[]): Map<string, string> {
  const times = new Map<string, number>();
  for (const { title } of nodes) times.set(title, (times.get(title) ?? 0) + 1);
  return new Map(nodes.map((node) => [node.nodeId, nameOf(node, (times.get(node.title) ?? 0) > 1)]));
}

function nameOf({ title, nodeId }: Node, isOneOfSeveral: boolean): string {
  return isOneOfSeveral ? `${title} ${nodeId}` : title;
}

/** `15/20 steps`, as far as steps were told. */
export function stepsOf({ value, max, kind }: Pick<Node, "value" | "max" | "kind">): string | undefined {
  return value === undefined || max === undefined ? undefined : steps(value, max, kind);
}

/** `step 15 of 20`. */
export function stepInWords(value: number | undefined, max: number | undefined): string | undefined {
  return value === undefined || max === undefined ? undefined : `step ${figure(value)} of ${figure(max)}`;
}

/** A count of steps; some bars count fractions. */
function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}
