"use client";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Preview } from "../core/frames.js";
import { UNKNOWN, type JobState } from "../core/reducer.js";
import { currentNode, currentNodeIndex, etaAt, isGenerating, nodeHistory } from "../core/select.js";
import type { Connection } from "../core/socket.js";
import type { Submission } from "../core/api.js";
import type { Eta, JobError, Node, NodeState, Output, Overrides, ProgressData, Retry, Status, Workflow } from "../types/index.js";
import { useMonitor } from "./context.js";

/** Where a generation is in its course. */
export interface QueueStatus {
  queueId: string;
  /** From 1 (next); absent once it runs. */
  queuePosition: number | undefined;
  /** Milliseconds until it starts. */
  estimatedWaitTime: number | undefined;
  status: Status;
  message: string;
}

export interface UseGeneration {
  /** The generation it follows; `undefined` before there is one. */
  queueId: string | undefined;
  queueStatus: QueueStatus | undefined;
  /** All outputs, of every kind of media, also those still on their way (`status`). */
  generatedImages: Output[];
  /** It waits, runs, or is between two attempts; also while it is being submitted. */
  isGenerating: boolean;
  /** Steps of the current node, and of how many; absent where it counts none. */
  progress: number | undefined;
  maxProgress: number | undefined;
  /** Of the current node, 0 to 100; absent without a step count. */
  percentage: number | undefined;
  /** Of the whole job, 0 to 100. */
  overallPercentage: number;
  /** The job in one sentence, as the server says it. */
  currentMessage: string | undefined;
  /** The human name of the current node. */
  currentNode: string | undefined;
  nodeState: NodeState | undefined;
  /** All nodes that run now. */
  runningNodes: ProgressData[];
  /** Nodes that have had their turn, in the order of the graph. */
  nodeHistory: Node[];
  /** The time left when this was rendered, in ms; see `etaAt` for a countdown. */
  eta: Eta | undefined;
  /** The submitted graph in topological order, then children of expanded nodes. */
  workflowNodes: Node[];
  /** The place of the current node in `workflowNodes`; -1 while none runs. */
  currentNodeIndex: number;
  /** Automatic retries so far. */
  retryCount: number;
  /** It failed and will be tried again: `retry` says when, why and what changes. */
  isRetrying: boolean;
  retry: (Retry & { reason: string; delay: number }) | undefined;
  /** The newest picture while it works, where asked for. */
  preview: Preview | undefined;
  /** Why the job failed, or why it could not be submitted. */
  error: JobError | undefined;
  connection: Connection;
  /** The whole state, for the selectors of the core. */
  state: JobState;
  /** Submits, follows the new generation, and gives its `queueId`. Rejects where it was not taken. */
  generateImages(workflow: Workflow, overrides?: Overrides, more?: Omit<Submission, "workflow" | "overrides">): Promise<string>;
  /** Stops it, or the next try. */
  cancel(): Promise<void>;
  /** Tries again at once. */
  retryNow(overrides?: Overrides): Promise<void>;
  /** Lets go of the generation; it goes on at the server. */
  clearResults(): void;
}

export interface UseGenerationOptions {
  /** A generation to follow from the start. */
  queueId?: string;
  /** Live previews, as binary frames. */
  previews?: boolean;
}

/** One generation: submits it, follows it live, and comes back to it by itself after a lost connection. */
export function useGeneration({ queueId: given, previews = false }: UseGenerationOptions = {}): UseGeneration {
  const client = useMonitor();
  const [own, setOwn] = useState<string | undefined>();
  const [submitting, setSubmitting] = useState(false);
  const [refusal, setRefusal] = useState<JobError | undefined>();
  const [cleared, setCleared] = useState<string | undefined>();
  const queueId = own ?? (given === cleared ? undefined : given);

  useEffect(() => (queueId === undefined ? undefined : client.watch(queueId, { previews })), [client, queueId, previews]);
  const job = useMemo(() => (queueId === undefined ? undefined : client.job(queueId)), [client, queueId]);
  const picture = useMemo(() => (queueId === undefined ? undefined : client.preview(queueId)), [client, queueId]);
  const state = useSyncExternalStore(job?.subscribe ?? never, job?.getSnapshot ?? unknown, unknown);
  const preview = useSyncExternalStore(picture?.subscribe ?? never, picture?.getSnapshot ?? nothing, nothing);
  const connection = useSyncExternalStore(client.connection.subscribe, client.connection.getSnapshot, idle);

  const generateImages = useCallback<UseGeneration["generateImages"]>(
    async (workflow, overrides, more) => {
      setSubmitting(true);
      setRefusal(undefined);
      try {
        const submission = { workflow, ...(overrides && { overrides }), ...more };
        const generation = await client.generate(submission);
        setOwn(generation.queueId);
        return generation.queueId;
      } catch (problem) {
        setRefusal(asError(problem));
        throw problem;
      } finally {
        setSubmitting(false);
      }
    },
    [client],
  );
  const cancel = useCallback(async () => queueId === undefined ? undefined : client.api.cancel(queueId), [client, queueId]);
  const retryNow = useCallback(
    async (overrides?: Overrides) => queueId === undefined ? undefined : client.api.retry(queueId, overrides && { overrides }),
    [client, queueId],
  );
  const clearResults = useCallback(() => {
    setOwn(undefined);
    setCleared(given);
    setRefusal(undefined);
  }, [given]);

  return {
    queueId,
    ...shown(state),
    isGenerating: submitting || isGenerating(state),
    error: refusal ?? state.generation?.error,
    preview,
    connection,
    state,
    generateImages,
    cancel,
    retryNow,
    clearResults,
  };
}

function shown(state: JobState) {
  const { generation, running } = state;
  const current = currentNode(state);
  return {
    queueStatus: generation
      ? {
          queueId: generation.queueId,
          queuePosition: generation.queuePosition,
          estimatedWaitTime: generation.estimatedWaitTime,
          status: generation.status,
          message: generation.message ?? "",
        }
      : undefined,
    generatedImages: generation?.outputs ?? NO_OUTPUTS,
    progress: current?.value,
    maxProgress: current?.max,
    percentage: current?.percentage,
    overallPercentage: generation?.overallPercentage ?? 0,
    currentMessage: generation?.message,
    currentNode: current?.currentNode,
    nodeState: current?.nodeState,
    runningNodes: running,
    nodeHistory: nodeHistory(state),
    eta: etaAt(state, Date.now()),
    workflowNodes: generation?.nodes ?? NO_NODES,
    currentNodeIndex: currentNodeIndex(state),
    retryCount: generation?.retryCount ?? 0,
    isRetrying: generation?.retry !== undefined,
    retry: generation?.retry && withReason(generation.retry),
  };
}

function withReason(retry: Retry) {
  return { ...retry, reason: retry.error.message, delay: Math.max(0, Date.parse(retry.retryAt) - Date.now()) };
}

function asError(problem: unknown): JobError {
  const known = problem as { error?: JobError; message?: string } | undefined;
  return known?.error ?? { type: "submission_refused", message: known?.message ?? String(problem) };
}

const NO_OUTPUTS: Output[] = [];
const NO_NODES: Node[] = [];
const IDLE: Connection = { state: "idle" };
const never = () => () => {};
const unknown = () => UNKNOWN;
const nothing = () => undefined;
const idle = () => IDLE;
