import type { Node } from "@comfyui-monitor/react";
import { memo } from "react";
import { useTile } from "./context.js";
import { tileSentence } from "./tileWords.js";

/** Of a graph of thousands, the list that is read out ends here, and says so. */
const MOST = 500;

export function optionId(nodeId: string): string {
  return `graph-node-${nodeId}`;
}

/** The graph as a list in topological order, for those who do not see it. */
export const NodeOptions = memo(function NodeOptions({ nodes, current }: { nodes: readonly Node[]; current: string | undefined }) {
  const placed = nodes.filter(({ parentNodeId }) => parentNodeId === undefined);
  return (
    <div role="presentation" className="visually-hidden">
      {placed.slice(0, MOST).map(({ nodeId }) => (
        <Option key={nodeId} nodeId={nodeId} isCurrent={nodeId === current} />
      ))}
      {placed.length > MOST && <span role="treeitem" aria-selected="false">{placed.length - MOST} more nodes</span>}
    </div>
  );
});

const Option = memo(function Option({ nodeId, isCurrent }: { nodeId: string; isCurrent: boolean }) {
  const tile = useTile(nodeId);
  return <span role="treeitem" id={optionId(nodeId)} aria-selected={isCurrent}>{tile && tileSentence(tile)}</span>;
});
