/** Jobs as the API tells of them, as many as are wanted. */
import type { Generation, Instance, Node, NodeKind, Segment, Status, Summary } from "../../packages/react/src/types/index.js";

const DAY = 86_400_000;
/** All jobs are told as of one moment, so that two runs show the same. */
const NOW = Date.now();

export function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

const TITLES = ["Lighthouse at dusk", "Glaze test, blue over iron", "港の夜明け、霧の中の灯台", "Portrait of a keeper, oil on canvas, three quarter view, soft light"];

/** Job `index`, the newest being 0; `step` of 20 where it runs. */
export function summary(index: number, status: Status, step = 0, sequence = 1): Summary {
  const createdAt = new Date(NOW - index * (DAY / 200)).toISOString();
  const runs = status === "processing";
  const percentage = runs ? 10 + step * 4 : status === "completed" ? 100 : 0;
  const states: Segment[] = [
    { state: "finished", ms: 1_800 },
    { state: runs ? "running" : status === "completed" ? "finished" : "error", ms: 20_000 },
    { state: runs ? "pending" : status === "completed" ? "finished" : "skipped", ms: 1_000 },
  ];
  return {
    queueId: idOf(index),
    promptId: `prompt-${index}`,
    instanceId: `card-${index % 4}`,
    origin: "submitted",
    status,
    title: `${TITLES[index % TITLES.length]} ${index}`,
    createdAt,
    ...(status !== "pending" && { startedAt: createdAt }),
    ...(!runs && status !== "pending" && { completedAt: createdAt, durationMs: 22_800 }),
    overallPercentage: percentage,
    ...(runs && {
      eta: { remainingMs: (20 - step) * 1_000, lowMs: (20 - step) * 900, highMs: (20 - step) * 1_100 },
      message: `Generating image using K-Sampler: ${step}/20 steps (${step * 5}%)`,
      current: { nodeId: "3", title: "K-Sampler", kind: "sampler" as NodeKind, value: step, max: 20 },
    }),
    ...(status === "failed" && { error: { type: "torch.OutOfMemoryError", message: "CUDA out of memory", nodeId: "3", nodeTitle: "K-Sampler" } }),
    retryCount: 0,
    sequence,
    strip: states,
    outputCount: status === "completed" ? 1 : 0,
  };
}

const KINDS: NodeKind[] = ["loader", "text_encoder", "sampler", "vae", "upscaler", "saver", "image", "latent", "mask", "control"];
const TYPES = ["MODEL", "CLIP", "LATENT", "VAE", "IMAGE", "MASK", "CONDITIONING"];

/** A job of many nodes, each fed by up to two before it; the middle one runs. */
export function large(index: number, count: number): Generation {
  const { strip: _strip, current: _current, thumbnailUrl: _thumbnail, outputCount: _count, ...told } = summary(index, "processing", 10);
  const running = Math.floor(count / 2);
  const nodes = Array.from({ length: count }, (_, at): Node => {
    const feeds = at === 0 ? [] : [at - 1 - (at % 3), at - 7].filter((from) => from >= 0);
    const state = at < running ? "finished" : at === running ? "running" : "pending";
    return {
      nodeId: String(at),
      displayNodeId: String(at),
      classType: `Class${at % 12}`,
      title: `Node number ${at}`,
      kind: KINDS[at % KINDS.length] ?? "other",
      state,
      ...(state === "finished" && { durationMs: 400 + at }),
      ...(state === "running" && { value: 10, max: 20, percentage: 50, elapsedMs: 5_000 }),
      ...(state !== "finished" && { expectedMs: 900, expectedLowMs: 700, expectedHighMs: 1_200 }),
      dependencies: [...new Set(feeds)].map((from, input) => ({ nodeId: String(from), input: `input${input}`, output: 0, type: TYPES[from % TYPES.length] ?? "IMAGE" })),
    };
  });
  const { createdAt } = told;
  return {
    ...told,
    nodes,
    outputs: [],
    attempts: [{ promptId: told.promptId, instanceId: told.instanceId, number: 1, status: "processing", startedAt: createdAt }],
  };
}

export function instances(): Instance[] {
  return [0, 1, 2, 3].map((index) => ({
    instanceId: `card-${index}`,
    name: `card-${index}`,
    url: `http://card-${index}:8188`,
    state: "connected",
    since: new Date(NOW).toISOString(),
    roundTripMs: 4,
    comfyuiVersion: "0.33.0",
    devices: [{ name: "NVIDIA GeForce RTX 4090", type: "cuda", vramTotalBytes: 24 * 2 ** 30, vramFreeBytes: 6 * 2 ** 30 }],
    clientId: "feed",
    running: [],
    waiting: [],
    today: { done: 10, failed: 1, busyPercentage: 80 },
  }));
}
