import { nodeNames, type Node } from "@comfyui-monitor/react";
import { useCallback, useMemo } from "react";

export interface Names {
  names: ReadonlyMap<string, string>;
  titleOf: (nodeId: string) => string | undefined;
}

/** What each node is called; the same object until a name changes, whatever the nodes do. */
export function useNames(nodes: readonly Node[]): Names {
  const key = nodes.map(({ nodeId, title }) => `${nodeId}\t${title}`).join("\n");
  const names = useMemo(() => nodeNames(nodes), [key]);
  const titleOf = useCallback((nodeId: string) => names.get(nodeId), [names]);
  return useMemo(() => ({ names, titleOf }), [names, titleOf]);
}
