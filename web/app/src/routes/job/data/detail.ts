/** What frames do not carry and HTTP does: suggestions, memory of attempts, starts of nodes. Pure. */
import { isEnded, withSnapshot, type Attempt, type Generation, type JobState, type Node } from "@comfyui-monitor/react";

/** Changes when it is worth asking for the generation once more. */
export function detailKey({ generation }: JobState): string | undefined {
  if (!generation) return undefined;
  const { queueId, promptId, attempts, status } = generation;
  return isEnded(generation) || attempts.length > 1 ? [queueId, promptId, attempts.length, status].join() : undefined;
}

/** A state with what a fetched generation adds. */
export function withDetail(state: JobState, detail: Generation | undefined): JobState {
  const held = state.generation;
  if (!held || !detail || detail.queueId !== held.queueId) return state;
  const isSame = detail.promptId === held.promptId;
  if (isSame && isEnded(held) && isEnded(detail) && detail.sequence >= held.sequence) {
    // The same outputs, but links of what is held are renewed and of what was fetched once they are not.
    const outputs = detail.sequence === held.sequence ? held.outputs : detail.outputs;
    return withSnapshot(state, { ...detail, outputs }, state.heardAt);
  }
  const attempts = held.attempts.map((attempt) => ({ ...detail.attempts.find(({ number }) => number === attempt.number), ...attempt }) as Attempt);
  const nodes = isSame ? withStartTimes(held.nodes, detail.nodes) : held.nodes;
  return { ...state, generation: { ...held, attempts, nodes } };
}

/** A node that stopped, with the step its attempt stopped at: of one that was read back, that is all that is kept. */
export function withStop(state: JobState): JobState {
  const { generation } = state;
  const stopped = generation?.attempts.find(({ promptId }) => promptId === generation.promptId)?.stoppedAt;
  if (!generation || stopped?.value === undefined || stopped.max === undefined) return state;
  const { nodeId, value, max } = stopped;
  const isBare = (node: Node) => node.nodeId === nodeId && node.value === undefined && (node.state === "error" || node.state === "interrupted");
  if (!generation.nodes.some(isBare)) return state;
  const nodes = generation.nodes.map((node) => (isBare(node) ? { ...node, value, max } : node));
  return { ...state, generation: { ...generation, nodes } };
}

function withStartTimes(nodes: Node[], detail: readonly Node[]): Node[] {
  const starts = new Map(detail.map(({ nodeId, startedAt }) => [nodeId, startedAt]));
  return nodes.map((node) => {
    const startedAt = node.startedAt ?? starts.get(node.nodeId);
    return startedAt === node.startedAt || startedAt === undefined ? node : { ...node, startedAt };
  });
}
