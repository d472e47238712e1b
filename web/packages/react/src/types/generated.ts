// Generated from the Rust types by `make gen`. Do not edit.

export type Attempt = { promptId: string, instanceId: string, number: number, status: Status, change?: string, error?: JobError, stoppedAt?: StoppedAt, startedAt?: Timestamp, completedAt?: Timestamp, durationMs?: number, 
/**
 * The most GPU memory its instance used while it ran, bytes; absent where it was not read meanwhile.
 */
peakMemoryBytes?: number, };

/**
 * What the nodes of one class took.
 */
export type ClassPerformance = { classType: string, title: string, kind: NodeKind, 
/**
 * Absent where all servers are counted together.
 */
instanceId?: string, runs: number, medianMs: number, 
/**
 * Nine of ten runs took no longer.
 */
p90Ms: number, 
/**
 * Of the time of all nodes, in percent.
 */
share: number, 
/**
 * Milliseconds, rising: every run, or 60 evenly spaced quantiles where there are more. These, the median and the
 * ninth tenth are less than 1.6 percent off.
 */
ticks: Array<number>, 
/**
 * What made runs longer or shorter, from the newest runs of each kind: at most 8, first those that varied alone,
 * of them what differs most first.
 */
drivers: Array<CostDriver>, };

/**
 * An input or a state that varied between runs.
 */
export type CostDriver = { 
/**
 * `steps`, `pixels` (of one picture), `batch`, `model`, `sampler`, `load` (`cold`: with a model to load, or
 * `warm`), or the name of an input.
 */
name: string, 
/**
 * The values with most runs, at most 12.
 */
medianMsByValue: { [key in string]: number }, 
/**
 * From runs on one server that were alike in all else, in the surroundings that ran most often. `false`: it never
 * varied alone; these are plain medians, and other drivers may have their part in them.
 */
isolated: boolean, };

export type Current = { nodeId: string, title: string, kind: NodeKind, value?: number, max?: number, };

/**
 * A wire of the graph: `input` of this node is fed by output number `output` of `node_id`.
 */
export type Dependency = { nodeId: string, input: string, output: number, 
/**
 * The slot type (`MODEL`, `LATENT`), where the server told the class.
 */
type?: string, };

export type Device = { name: string, type?: string, vramTotalBytes?: number, vramFreeBytes?: number, };

export type ErrorCode = "bad_request" | "unknown_action" | "not_allowed" | "too_many_subscriptions";

/**
 * How sure we are of the time left; all in milliseconds.
 */
export type Eta = { remainingMs: number, lowMs: number, highMs: number, };

/**
 * An expected time: the middle, and the range that eight of ten runs fall into. Milliseconds.
 */
export type Expected = { expectedMs: number, expectedLowMs: number, expectedHighMs: number, };

/**
 * The fields of a graph, most wanted first, and what about it may not work on this server.
 */
export type Form = { inputs: Array<FormInput>, warnings: Array<NodeError>, };

/**
 * One input of one node that has a value, not a link.
 */
export type FormInput = { nodeId: string, 
/**
 * Name of the input in the graph, to be used in `overrides`.
 */
input: string, 
/**
 * What to write beside the field: `Negative prompt`, `Filename prefix`.
 */
label: string, nodeTitle: string, role: InputRole, type: InputType, 
/**
 * As it stands in the graph; integers above 2^53 as text.
 */
value: JsonValue, default?: JsonValue, min?: JsonValue, max?: JsonValue, step?: JsonValue, choices?: Array<JsonValue>, };

export type FrameBody = { "type": "subscription_confirmed", queueId: string, } | { "type": "unsubscription_confirmed", queueId: string, } | { "type": "pong" } | { "type": "error", code: ErrorCode, message: string, } | { "type": "snapshot", queueId: string, sequence?: number, 
/**
 * Null if not yet known; absent for `*`.
 */
generation?: Generation | null, generations?: Array<Summary>, instances?: Array<Instance>, 
/**
 * `nodes` was left out because of its size: fetch the generation.
 */
truncated?: boolean, } | { "type": "job_queued" } & QueuePlace | { "type": "queue_update" } & QueuePlace | { "type": "job_started", totalNodes: number, cachedNodes: Array<string>, } | { "type": "workflow_nodes", workflowData: WorkflowData, } | { "type": "job_progress", progressType: ProgressType, progressData?: ProgressData, 
/**
 * All that run now.
 */
nodes: Array<ProgressData>, overallPercentage: number, elapsedMs: number, eta?: Eta, 
/**
 * It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
 */
overMs?: number, 
/**
 * Where several nodes run: the one that decides when the job ends.
 */
criticalNodeId?: string, stalledSince?: Timestamp, 
/**
 * Of the whole job, where it has more to say than its nodes: it is stalled, or its files are on their way.
 */
message?: string, 
/**
 * What runs after them, at most three.
 */
next?: Array<Next>, } | { "type": "node_executed", nodeId: string, displayNodeId: string, durationMs?: number, cached: boolean, } | { "type": "outputs", outputs: Array<Output>, 
/**
 * Some were left out, for a gateway takes no more: fetch the generation.
 */
truncated?: boolean, } | { "type": "job_retry", retryCount: number, maxRetries: number, retryDelay: number, error: JobError, change?: string, next?: string, message: string, } | { "type": "completed", outputs: Array<Output>, 
/**
 * Likewise.
 */
truncated?: boolean, durationMs?: number, message: string, } | { "type": "job_failed", error: JobError, message: string, } | { "type": "job_interrupted", reason: InterruptReason, message: string, } | { "type": "generation_update", generation: Summary, } | { "type": "instance_update", instance: Instance, };

export type Generation = { queueId: string, 
/**
 * Of the newest attempt.
 */
promptId: string, instanceId: string, origin: Origin, status: Status, reason?: string, title: string, createdAt: Timestamp, startedAt?: Timestamp, completedAt?: Timestamp, durationMs?: number, queuePosition?: number, estimatedWaitTime?: number, overallPercentage: number, 
/**
 * Until it is done, as of now; while it waits, the wait included.
 */
eta?: Eta, 
/**
 * It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
 */
overMs?: number, message?: string, stalledSince?: Timestamp, 
/**
 * Where several nodes run: the one that decides when the job ends.
 */
criticalNodeId?: string, nodes: Array<Node>, 
/**
 * Children of expanded nodes beyond the 200 that are listed.
 */
moreNodes?: number, 
/**
 * What runs after what runs now, at most three.
 */
next?: Array<Next>, outputs: Array<Output>, error?: JobError, warnings?: Array<NodeError>, attempts: Array<Attempt>, retryCount: number, retry?: Retry, 
/**
 * What may work on one that has failed, best first.
 */
suggestions?: Array<Suggestion>, metadata?: JsonValue, 
/**
 * Only seen in `/queue` and `/history`: start, end and outputs, no steps.
 */
coarse?: boolean, 
/**
 * The newest sequence it holds; frames with an older one are already in it.
 */
sequence: number, };

/**
 * What an input does for the picture, so that a page can lead with what matters. The order is that of the form.
 */
export type InputRole = "prompt" | "negative" | "model" | "seed" | "width" | "height" | "steps" | "cfg" | "sampler" | "scheduler" | "image" | "other";

/**
 * Which field edits an input.
 */
export type InputType = "int" | "float" | "string" | "text" | "boolean" | "choice" | "json";

export type Instance = { instanceId: string, name: string, url: string, state: InstanceState, since: Timestamp, reason?: string, nextTryAt?: Timestamp, roundTripMs?: number, comfyuiVersion?: string, devices: Array<Device>, memory?: Memory, clientId: string, queueRemaining?: number, running: Array<string>, waiting: Array<Waiting>, today: InstanceToday, 
/**
 * The demo's own server: nothing real runs there.
 */
demo?: boolean, };

export type InstanceState = "connecting" | "connected" | "polling" | "disconnected";

export type InstanceToday = { done: number, failed: number, busyPercentage: number, };

export type InterruptReason = "cancelled" | "interrupted" | "removed_from_queue";

/**
 * One error shape everywhere.
 */
export type JobError = { 
/**
 * The exception's name as `ComfyUI` gives it (`torch.OutOfMemoryError`), or ours: `instance_lost`,
 * `submission_refused`, `timeout`.
 */
type: string, message: string, nodeId?: string, nodeTitle?: string, classType?: string, traceback?: Array<string>, };

export type JobHeader = { queueId: string, promptId: string, attempt: number, 
/**
 * That of the event behind it.
 */
sequence: number, 
/**
 * Of the generation.
 */
status: Status, };

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]: JsonValue } | null;

export type Memory = { usedBytes: number, totalBytes: number, };

/**
 * A node that is still to run.
 */
export type Next = { nodeId: string, title: string, kind: NodeKind, expectedMs?: number, };

export type Node = { nodeId: string, displayNodeId: string, parentNodeId?: string, realNodeId?: string, classType?: string, title: string, kind: NodeKind, state: NodeState, value?: number, max?: number, percentage?: number, startedAt?: Timestamp, elapsedMs?: number, durationMs?: number, 
/**
 * What it should take in all, with the range that eight of ten runs fall into; only while it is pending or runs.
 */
expectedMs?: number, expectedLowMs?: number, expectedHighMs?: number, dependencies: Array<Dependency>, };

/**
 * One complaint of `ComfyUI` about a workflow, readable.
 */
export type NodeError = { nodeId?: string, nodeTitle?: string, classType?: string, input?: string, message: string, };

/**
 * What a node is about, for its icon, its colour and its messages.
 */
export type NodeKind = "loader" | "text_encoder" | "sampler" | "vae" | "upscaler" | "saver" | "preview" | "image" | "latent" | "mask" | "video" | "audio" | "model3d" | "control" | "math" | "other";

export type NodeState = "pending" | "cached" | "running" | "finished" | "error" | "interrupted" | "skipped";

export type Origin = "submitted" | "observed";

export type Output = { mediaId: string, nodeId: string, kind: OutputKind, 
/**
 * A temp file: shown, but not a result.
 */
preview: boolean, contentType?: string, size?: number, width?: number, height?: number, sha256?: string, url?: string, thumbnailUrl?: string, originalFilename?: string, text?: string, status: OutputStatus, reason?: string, };

export type OutputKind = "image" | "video" | "audio" | "text" | "model3d" | "file";

export type OutputStatus = "pending" | "stored" | "failed";

/**
 * The JSON part of a binary preview frame: u32 big endian length, this, image bytes.
 */
export type PreviewHeader = { type: PreviewKind, queueId: string, promptId: string, nodeId: string, contentType: string, sequence: number, value?: number, max?: number, };

/**
 * What tells a preview's header from all other frames.
 */
export type PreviewKind = "preview";

export type ProgressData = { nodeId: string, displayNodeId: string, 
/**
 * The human name.
 */
currentNode: string, kind: NodeKind, value?: number, max?: number, percentage?: number, nodeState: NodeState, parentNodeId?: string, realNodeId?: string, message: string, elapsedMs: number, };

export type ProgressType = "node_progress" | "overall_progress";

export type QueuePlace = { queuePosition?: number, estimatedWaitTime?: number, 
/**
 * Until it is done, the wait included.
 */
eta?: Eta, comfyUIQueueRemaining?: number, message: string, };

/**
 * Between two attempts.
 */
export type Retry = { retryAt: Timestamp, maxRetries: number, error: JobError, change?: string, next?: string, };

export type Segment = { state: NodeState, 
/**
 * Milliseconds: what it took; what it has taken or should take, whichever is more, while it runs; what it should
 * take before. 0 where not known, and for what comes from the cache.
 */
ms: number, };

export type Status = "pending" | "processing" | "completed" | "failed" | "interrupted";

export type StoppedAt = { nodeId: string, value?: number, max?: number, };

/**
 * Something that can really be done.
 */
export type Suggestion = { kind: SuggestionKind, title: string, detail: string, instanceId?: string, 
/**
 * `{nodeId: {input: value}}`, for `POST /v1/generations/{queueId}/retry`.
 */
overrides?: JsonValue, };

export type SuggestionKind = "instance" | "overrides" | "edit";

/**
 * A generation without `nodes`, `outputs` and `attempts`, for lists.
 */
export type Summary = { queueId: string, promptId: string, instanceId: string, origin: Origin, status: Status, reason?: string, title: string, createdAt: Timestamp, startedAt?: Timestamp, completedAt?: Timestamp, durationMs?: number, queuePosition?: number, estimatedWaitTime?: number, overallPercentage: number, 
/**
 * Until it is done, as of now; while it waits, the wait included.
 */
eta?: Eta, 
/**
 * It takes longer than usual, and `eta` says little: milliseconds past what nine of ten runs of its node take.
 */
overMs?: number, message?: string, stalledSince?: Timestamp, error?: JobError, warnings?: Array<NodeError>, retryCount: number, retry?: Retry, metadata?: JsonValue, coarse?: boolean, sequence: number, 
/**
 * At most 32 segments, neighbours of one state merged.
 */
strip: Array<Segment>, current?: Current, thumbnailUrl?: string, outputCount: number, };

/**
 * A moment in UTC, in milliseconds since the Unix epoch. In JSON: RFC 3339 with milliseconds and `Z`.
 */
export type Timestamp = string;

export type Waiting = { queueId: string, expectedMs?: number, };

export type WorkflowData = { nodes: Array<WorkflowNode & Partial<Expected>>, totalNodes: number, currentNodeIndex: number, nodeOrder: Array<string>, };

export type WorkflowNode = { nodeId: string, classType: string, nodeTitle: string, kind: NodeKind, dependencies: Array<Dependency>, };
