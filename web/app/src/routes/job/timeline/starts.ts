/** When nodes started, in milliseconds from the start of the job. Pure. */
import { elapsedAt, type Generation, type JobState, type Node } from "@comfyui-monitor/react";

/** What was gathered while frames came: they tell how long a node runs, not when it began. */
export interface Starts {
  /** Of which attempt. */
  promptId: string | undefined;
  /** By node. */
  at: ReadonlyMap<string, number>;
}

export const NO_STARTS: Starts = { promptId: undefined, at: new Map() };

/** Takes in a state that was heard at `now` (ms, the clock of the state's `heardAt`). */
export function withStarts(before: Starts, state: JobState, now: number): Starts {
  const { generation } = state;
  if (!generation) return before;
  const known = before.promptId === generation.promptId ? before : { ...NO_STARTS, promptId: generation.promptId };
  if (generation.status !== "processing") return known;
  const elapsedOf = new Map(state.running.map((node) => [node.nodeId, node.elapsedMs]));
  const fresh: Array<[string, number]> = [];
  for (const node of generation.nodes) {
    if (known.at.has(node.nodeId) || node.startedAt !== undefined) continue;
    const ran = elapsedOf.get(node.nodeId);
    if (ran !== undefined) fresh.push([node.nodeId, Math.max(0, state.elapsedMs - ran)]);
    else if (node.state === "finished" && node.durationMs !== undefined) {
      fresh.push([node.nodeId, Math.max(0, elapsedAt(state, now) - node.durationMs)]);
    }
  }
  return fresh.length === 0 ? known : { ...known, at: new Map([...known.at, ...fresh]) };
}

/** When a node started, where that is known. The server's two times are compared with each other, never with ours. */
export function startOf(node: Node, generation: Pick<Generation, "startedAt">, starts: Starts): number | undefined {
  if (node.state === "cached" || node.state === "pending" || node.state === "skipped") return undefined;
  if (node.startedAt !== undefined && generation.startedAt !== undefined) {
    return Math.max(0, Date.parse(node.startedAt) - Date.parse(generation.startedAt));
  }
  return starts.at.get(node.nodeId);
}
