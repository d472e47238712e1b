import { useMonitor, type Node } from "@comfyui-monitor/react";
import { useMemo } from "react";
import { exactGraph, seedOf, type Seed } from "../../../jobs/seed.js";
import { useAnswer } from "../../../jobs/useAnswer.js";

/** The seed of an attempt, from its graph as it was sent. */
export function useSeed(promptId: string | undefined, nodes: readonly Node[]): Seed | undefined {
  const client = useMonitor();
  const { value } = useAnswer(promptId, () => client.api.jobWorkflowText(promptId ?? ""));
  const graph = useMemo(() => (value === undefined ? undefined : exactGraph(value)), [value]);
  const kinds = nodes.map(({ nodeId, kind }) => `${nodeId} ${kind}`).join();
  return useMemo(() => graph && seedOf(graph, nodes), [graph, kinds]);
}
