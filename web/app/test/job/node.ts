import { UNKNOWN, withSnapshot, type Dependency, type Generation, type JobState, type Node } from "@comfyui-monitor/react";

export const START = Date.parse("2026-11-24T16:39:04.000Z");

export const iso = (ms: number) => new Date(START + ms).toISOString();

/** A node with what a test says of it; `from` are the nodes that feed it. */
export function node(nodeId: string, more: Partial<Omit<Node, "dependencies">> & { from?: string[] } = {}): Node {
  const { from = [], ...rest } = more;
  const dependencies = from.map((source, at): Dependency => ({ nodeId: source, input: `in${at}`, output: 0 }));
  return { nodeId, displayNodeId: nodeId, title: `Node ${nodeId}`, kind: "other", classType: "Some", state: "pending", ...rest, dependencies };
}

export function generation(nodes: Node[], more: Partial<Generation> = {}): Generation {
  const attempt = { promptId: "p1", instanceId: "atlas", number: 1, status: "processing" } as const;
  return {
    queueId: "q1", promptId: "p1", instanceId: "atlas", origin: "submitted", status: "processing", title: "Lighthouse", createdAt: iso(-2_000), startedAt: iso(0),
    overallPercentage: 0, nodes, outputs: [], attempts: [attempt], retryCount: 0, sequence: 1, ...more,
  };
}

export function stateOf(known: Generation, more: Partial<JobState> = {}): JobState {
  return { ...withSnapshot(UNKNOWN, known, START), ...more };
}
