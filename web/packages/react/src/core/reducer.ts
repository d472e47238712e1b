/**
 * One generation, as snapshots and frames tell of it. Pure: the caller brings the time.
 *
 * The state is the server's own shape, kept current: a snapshot replaces it, a frame changes what it says. A frame that
 * is older than the state (by `sequence`) is in it already and changes nothing, so that a snapshot may come at any
 * moment, and again after every reconnect.
 */
import type { Attempt, Generation, JobError, JobFrame, JobHeader, NodeState, Output, ProgressData, Retry } from "../types/index.js";
import { ended, executed, fromCache, laidOut, progressed, stoppedAt, untouched } from "./nodes.js";

/** What is known of one generation. */
export interface JobState {
  /** `undefined` until the first snapshot; `null` while the server does not know it either. */
  generation: Generation | null | undefined;
  /** When `generation.eta`, `estimatedWaitTime` and `elapsedMs` were true, by the caller's clock (ms). */
  heardAt: number;
  /** What it has run so far, as of `heardAt` (ms). */
  elapsedMs: number;
  /** All that run now, with their sentences. */
  running: ProgressData[];
  /** Not all of it is here: the snapshot was cut, or there was none. Fetch the generation. */
  partial: boolean;
  /** Whether a node was heard of while it ran. */
  heard: boolean;
  /** Nodes served from the cache, told before the graph was. */
  cached: string[];
  /** What led to the attempt that runs, where it was heard: of how many it is one, and what comes if it fails too. */
  retried?: Retry;
}

export const UNKNOWN: JobState = {
  generation: undefined,
  heardAt: 0,
  elapsedMs: 0,
  running: [],
  partial: false,
  heard: false,
  cached: [],
};

/** Takes a snapshot, or the generation as HTTP answers it; an older one changes nothing. */
export function withSnapshot(state: JobState, generation: Generation | null, now: number, truncated = false): JobState {
  if (!generation) return state.generation ? state : { ...UNKNOWN, generation: null, heardAt: now };
  const held = state.generation;
  if (held && held.sequence > generation.sequence) return state.partial && !truncated ? filled(state, held, generation) : state;
  const same = held?.attempts.length === generation.attempts.length ? state : UNKNOWN;
  const nodes = truncated && held ? held.nodes : generation.nodes;
  const running = generation.nodes
    .filter((node) => node.state === "running")
    .map((node): ProgressData => {
      const { nodeId, displayNodeId, title, kind, state: nodeState, elapsedMs = 0, parentNodeId, realNodeId } = node;
      const told = same.running.find((before) => before.nodeId === nodeId);
      const figures = pick(node, "value", "max", "percentage");
      const place = { ...(parentNodeId !== undefined && { parentNodeId }), ...(realNodeId !== undefined && { realNodeId }) };
      const message = told?.message ?? generation.message ?? title;
      return { nodeId, displayNodeId, currentNode: title, kind, nodeState, ...figures, ...place, message, elapsedMs };
    });
  const elapsedMs = generation.durationMs ?? Math.max(0, ...running.map((node) => node.elapsedMs), same.elapsedMs);
  const heard = same.heard || nodes.some((node) => node.startedAt !== undefined);
  const known = { ...generation, nodes };
  const next = held && generation.attempts.length === held.attempts.length + 1;
  const retried = generation.retry === undefined ? (next ? held.retry : same.retried) : undefined;
  const rest = { partial: truncated, heard, cached: same.cached, ...(retried && { retried }) };
  return { generation: known, heardAt: now, elapsedMs, running, ...rest };
}

/** What frames have told is newer; the rest of a generation that was fetched to complete it. */
function filled(state: JobState, held: Generation, fetched: Generation): JobState {
  const heard = new Map(held.nodes.map((node) => [node.nodeId, node]));
  const nodes = fetched.nodes.map((node) => heard.get(node.nodeId) ?? node);
  const ids = new Set(nodes.map((node) => node.nodeId));
  const { title, createdAt, origin, instanceId } = fetched;
  const all = [...nodes, ...held.nodes.filter((node) => !ids.has(node.nodeId))];
  const outputs = withOutputs(fetched.outputs, held.outputs);
  return { ...state, generation: { ...fetched, ...held, title, createdAt, origin, instanceId, nodes: all, outputs }, partial: false };
}

/** Takes a frame that came at `now` (ms, any clock as long as it is always the same one). */
export function withFrame(state: JobState, frame: JobFrame, now: number): JobState {
  const held = state.generation;
  if (frame.type === "generation_update") return state;
  if (held && (frame.sequence < held.sequence || frame.attempt < newest(held))) return state;
  const began = begun(held ? state : { ...state, generation: unheardOf(frame), partial: true }, frame);
  const generation: Generation = {
    ...began.generation,
    status: frame.status,
    promptId: frame.promptId,
    sequence: frame.sequence,
    attempts: withAttempt(began.generation.attempts, frame),
  };
  return told({ ...began, generation }, frame, now);
}

type Known = JobState & { generation: Generation };

function told(state: Known, frame: JobFrame, now: number): JobState {
  const { generation } = state;
  const change = (changes: Partial<Generation>, rest: Partial<JobState> = {}): JobState => ({
    ...state,
    ...rest,
    generation: { ...generation, ...changes },
  });
  switch (frame.type) {
    case "job_queued":
    case "queue_update": {
      const line = pick(frame, "queuePosition", "estimatedWaitTime", "eta");
      const rest = omit(generation, "queuePosition", "estimatedWaitTime", "eta");
      return { ...state, generation: { ...rest, ...line, message: frame.message }, heardAt: now };
    }
    case "job_started": {
      const rest = omit(generation, "queuePosition", "estimatedWaitTime", "eta", "message");
      const nodes = fromCache(generation.nodes, frame.cachedNodes);
      const startedAt = generation.startedAt ?? frame.timestamp;
      return { ...state, generation: { ...rest, startedAt, nodes }, heardAt: now, cached: frame.cachedNodes };
    }
    case "workflow_nodes":
      return change({ nodes: laidOut(generation.nodes, frame.workflowData, state.cached) });
    case "job_progress": {
      const about = pick(frame, "eta", "overMs", "criticalNodeId", "stalledSince", "next");
      const rest = omit(generation, "eta", "overMs", "criticalNodeId", "stalledSince", "next", "message");
      const overallPercentage = Math.max(generation.overallPercentage, frame.overallPercentage);
      // ComfyUI is done and nothing runs: only its files are still on their way.
      const storing = frame.nodes.length === 0 && frame.message !== undefined && frame.stalledSince === undefined;
      const nodes = storing
        ? closed(state, "completed")
        : progressed(generation.nodes, frame.progressData, frame.nodes);
      const message = frame.message ?? foremost(frame.nodes, frame.criticalNodeId)?.message;
      return {
        ...state,
        generation: { ...rest, ...about, overallPercentage, nodes, ...(message !== undefined && { message }) },
        heardAt: now,
        elapsedMs: frame.elapsedMs,
        running: frame.nodes,
        heard: state.heard || frame.progressData !== undefined || frame.nodes.length > 0,
      };
    }
    case "node_executed": {
      const running = state.running.filter((node) => node.nodeId !== frame.nodeId);
      const nodes = executed(generation.nodes, frame.nodeId, frame.cached, frame.durationMs);
      const message = foremost(running, generation.criticalNodeId)?.message;
      const rest = generation.stalledSince === undefined ? omit(generation, "message") : generation;
      return { ...state, generation: { ...rest, nodes, ...(message !== undefined && { message }) }, running };
    }
    case "outputs": {
      const outputs = withOutputs(generation.outputs, frame.outputs);
      const storing = generation.message === storingSentence(generation.outputs);
      const rest = frame.truncated ? { partial: true } : {};
      return change({ outputs, ...(storing && { message: storingSentence(outputs) }) }, rest);
    }
    case "job_retry": {
      const retryAt = new Date(Date.parse(frame.timestamp) + frame.retryDelay).toISOString();
      const { maxRetries, error, message, retryCount } = frame;
      const retry = { retryAt, maxRetries, error, ...pick(frame, "change", "next") };
      const nodes = closed(state, "failed", error.nodeId);
      const attempts = stopped(state, error);
      return { ...over(state), generation: { ...still(generation), nodes, attempts, retryCount, retry, message } };
    }
    case "completed": {
      const outputs = frame.truncated ? withOutputs(generation.outputs, frame.outputs) : frame.outputs;
      const ending = { ...pick(frame, "durationMs", "message"), outputs, overallPercentage: 100 };
      const nodes = closed(state, "completed");
      const partial = state.partial || frame.truncated === true;
      return { ...over(state), partial, generation: { ...still(generation), ...ending, nodes, completedAt: frame.timestamp } };
    }
    case "job_failed": {
      const { error, message, timestamp: completedAt } = frame;
      const reason = OWN_ERRORS.includes(error.type) ? { reason: error.type } : {};
      const nodes = closed(state, "failed", error.nodeId);
      const attempts = stopped(state, error);
      return { ...over(state), generation: { ...still(generation), error, message, ...reason, nodes, attempts, completedAt } };
    }
    case "job_interrupted": {
      const { reason, message, timestamp: completedAt } = frame;
      const nodes = closed(state, "interrupted");
      const attempts = stopped(state);
      return { ...over(state), generation: { ...still(generation), reason, message, nodes, attempts, completedAt } };
    }
    default:
      return state;
  }
}

/** Our own causes of failure, which are a `reason` too. */
const OWN_ERRORS: readonly string[] = ["instance_lost", "submission_refused", "timeout"];

/** The state before a frame of a new attempt: nothing of it has run. */
function begun(state: JobState, frame: JobHeader): Known {
  const generation = state.generation as Generation;
  if (frame.attempt <= newest(generation)) return { ...state, generation };
  const rest = omit(still(generation), "startedAt", "completedAt", "durationMs", "error", "reason", "message", "queuePosition", "estimatedWaitTime", "suggestions");
  const retried = generation.retry;
  const change = retried?.change === undefined ? {} : { change: retried.change };
  const attempts = retried ? withAttempt(generation.attempts, frame, change) : generation.attempts;
  const fresh = { ...rest, overallPercentage: 0, nodes: untouched(generation.nodes), attempts };
  const { retried: _, ...before } = state;
  return { ...before, generation: fresh, elapsedMs: 0, running: [], heard: false, cached: [], ...(retried && { retried }) };
}

/** The newest attempt, with what it failed of and where. */
function stopped(state: Known, error?: JobError): Attempt[] {
  const { attempts, nodes } = state.generation;
  const at = stoppedAt(nodes, state.running, error?.nodeId);
  const facts = { ...(error && { error }), ...(at && { stoppedAt: at }) };
  return attempts.map((attempt, place) => (place === attempts.length - 1 ? { ...attempt, ...facts } : attempt));
}

/** What an end leaves of what is true only while it runs. */
function still(generation: Generation): Generation {
  return omit(generation, "eta", "overMs", "criticalNodeId", "stalledSince", "next", "retry", "queuePosition", "estimatedWaitTime") as Generation;
}

function over<S extends JobState>(state: S): S {
  return { ...state, running: [] };
}

function closed({ generation, heard }: Known, how: "completed" | "failed" | "interrupted", at?: string) {
  // Of a job that was only seen from afar, or healed, all that is known is that it was done.
  const some = (state: NodeState) => generation.nodes.some((node) => node.state === state);
  const unseen = !heard && (generation.origin === "observed" || !some("cached") || some("finished"));
  return ended(generation.nodes, how, at, unseen);
}

function newest(generation: Generation): number {
  return generation.attempts.at(-1)?.number ?? 0;
}

function withAttempt(attempts: Attempt[], frame: JobHeader & { type?: string }, more: Partial<Attempt> = {}): Attempt[] {
  const status = frame.type === "job_retry" ? "failed" : frame.status;
  const before = attempts.find((attempt) => attempt.number === frame.attempt);
  if (before?.status === status && before.promptId === frame.promptId) return attempts;
  const instanceId = before?.instanceId ?? attempts.at(-1)?.instanceId ?? "";
  const attempt = { instanceId, ...before, ...more, promptId: frame.promptId, number: frame.attempt, status };
  return [...attempts.filter((other) => other.number !== frame.attempt), attempt];
}

/** Of several that run, the one to name: the one that decides when the job ends, else the last one that counts steps. */
export function foremost(running: ProgressData[], criticalNodeId: string | undefined): ProgressData | undefined {
  const critical = running.length > 1 ? running.find((node) => node.nodeId === criticalNodeId) : undefined;
  return critical ?? running.findLast((node) => node.value !== undefined) ?? running.at(-1);
}

/** Those that changed in their places, new ones behind. */
function withOutputs(outputs: Output[], changed: Output[]): Output[] {
  const news = new Map(changed.map((output) => [output.mediaId, output]));
  const kept = outputs.map((output) => {
    const newer = news.get(output.mediaId);
    news.delete(output.mediaId);
    return newer ?? output;
  });
  return [...kept, ...news.values()];
}

function storingSentence(outputs: Output[]): string {
  const pending = outputs.filter((output) => output.status === "pending").length;
  return `Storing ${pending} output${pending === 1 ? "" : "s"}`;
}

/** Of a generation whose first word is a frame. */
function unheardOf(frame: JobHeader & { timestamp: string }): Generation {
  return {
    queueId: frame.queueId,
    promptId: frame.promptId,
    instanceId: "",
    origin: "submitted",
    status: frame.status,
    title: "Workflow",
    createdAt: frame.timestamp,
    overallPercentage: 0,
    nodes: [],
    outputs: [],
    attempts: [],
    retryCount: 0,
    sequence: 0,
  };
}

/** Those of the fields that are there. */
function pick<T extends object, K extends keyof T>(from: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}

function omit<T extends object, K extends keyof T>(from: T, ...keys: K[]): Omit<T, K> {
  const rest = { ...from };
  for (const key of keys) delete rest[key];
  return rest;
}
