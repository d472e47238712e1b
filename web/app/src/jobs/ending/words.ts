/** Endings, and silences, that are nobody's error. Pure. */
import { clock, currentNode, duration, isAllCached, type Generation, type Instance, type JobState } from "@comfyui-monitor/react";

export interface Ending {
  state: "lost" | "interrupted" | "cached" | "stalled";
  title: string;
  text: string;
  /** What to offer. */
  action: "again" | "seed" | "cancel";
}

/** Of a job as it stands; nothing where it simply runs, is done, or has failed. */
export function endingOf(job: JobState, instance: Instance | undefined, now: number): Ending | undefined {
  const { generation } = job;
  if (!generation) return undefined;
  const name = instance?.name ?? (generation.instanceId || "ComfyUI");
  if (generation.status === "failed" && generation.error?.type === "instance_lost") return lost(generation, name, now);
  if (generation.status === "interrupted") return interrupted(generation);
  if (isAllCached(generation)) return cached(generation);
  if (generation.status === "processing" && generation.stalledSince !== undefined) return stalled(job, generation, name);
  return undefined;
}

function lost({ completedAt, nodes }: Generation, name: string, now: number): Ending {
  const node = nodes.find(({ state }) => state === "interrupted" || state === "error")?.title;
  const at = completedAt === undefined ? "" : ` at ${clock(completedAt, now, false)}`;
  const during = node === undefined ? "" : ` while ${node} ran`;
  const text = `The server restarted${during}; this was noticed${at}. It keeps no record of unfinished jobs`;
  return { state: "lost", title: `${name} came back without this job`, text, action: "again" };
}

function interrupted({ message, reason, outputs }: Generation): Ending {
  const kept = outputs.filter(({ preview, status }) => !preview && status === "stored").length;
  const text = reason === "removed_from_queue" ? "Nothing of it ran" : kept > 0 ? "What was finished is kept below" : "No picture was finished";
  return { state: "interrupted", title: firstSentence(message) ?? "Stopped", text, action: "again" };
}

/** The server's message goes on with what was kept, which stands below. */
function firstSentence(message: string | undefined): string | undefined {
  const cut = message?.replace(/\. Kept: .*$/s, "");
  return cut === "" ? undefined : cut;
}

function cached({ nodes, durationMs }: Generation): Ending {
  const title = nodes.length === 1 ? "Nothing to do: its one node came from cache" : `Nothing to do: all ${nodes.length} nodes came from cache`;
  const took = durationMs === undefined ? "" : `. It took ${duration(durationMs)}`;
  return { state: "cached", title, text: `The result is the same as before${took}`, action: "seed" };
}

function stalled(job: JobState, { message, nodes }: Generation, name: string): Ending {
  const current = currentNode(job);
  const node = nodes.find(({ nodeId }) => nodeId === current?.nodeId);
  const usual = node?.expectedMs === undefined ? "" : `It is usually done in ${duration(node.expectedMs)}. `;
  // The server's own sentence counts the silence on its clock.
  const title = message?.startsWith("No word from") ? message : `No word from ${current?.currentNode ?? name}`;
  return { state: "stalled", title, text: `${usual}${name} says the job still runs, so we wait`, action: "cancel" };
}
