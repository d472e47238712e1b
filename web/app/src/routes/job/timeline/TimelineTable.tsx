import { duration, nodeStateWord, stepsDone, type Generation, type Node } from "@comfyui-monitor/react";
import { memo } from "react";
import { startOf, type Starts } from "./starts.js";

export interface TimelineTableProps {
  nodes: readonly Node[];
  names: ReadonlyMap<string, string>;
  generation: Pick<Generation, "startedAt">;
  starts: Starts;
}

/** The timeline for those who do not see it. */
export const TimelineTable = memo(
  function TimelineTable({ nodes, names, generation, starts }: TimelineTableProps) {
    return (
      <table className="visually-hidden">
        <caption>Timeline of the nodes</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col">Started after</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <Row key={node.nodeId} node={node} name={names.get(node.nodeId) ?? node.title} start={startOf(node, generation, starts)} />
          ))}
        </tbody>
      </table>
    );
  },
  (before, after) => before.nodes === after.nodes && before.names === after.names && before.starts === after.starts,
);

const Row = memo(function Row({ node, name, start }: { node: Node; name: string; start: number | undefined }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{nodeStateWord(node.state)}</td>
      <td>{start === undefined ? "" : duration(start)}</td>
      <td>{tookOf(node)}</td>
    </tr>
  );
});

function tookOf(node: Node): string {
  if (node.state === "running") return stepsDone(node) ?? "";
  return node.durationMs === undefined || node.state === "cached" ? "" : duration(node.durationMs);
}
