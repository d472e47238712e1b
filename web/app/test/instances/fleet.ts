import type { Instance, Summary } from "@comfyui-monitor/react";

const GB = 2 ** 30;

/** One that answers and has nothing to do. */
export function instance(name: string, more: Partial<Instance> = {}): Instance {
  return {
    instanceId: name,
    name,
    url: `http://${name}:8188`,
    state: "connected",
    since: "2026-11-14T20:00:00.000Z",
    comfyuiVersion: "0.33.0",
    devices: [{ name: "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync", type: "cuda" }],
    memory: { usedBytes: 18.2 * GB, totalBytes: 24 * GB },
    clientId: "c",
    running: [],
    waiting: [],
    today: { done: 61, failed: 1, busyPercentage: 74.3 },
    ...more,
  };
}

/** One that runs at `instanceId`. */
export function job(instanceId: string, title: string, more: Partial<Summary> = {}): Summary {
  return {
    queueId: `q-${title}`,
    promptId: `p-${title}`,
    instanceId,
    origin: "submitted",
    status: "processing",
    title,
    createdAt: "2026-11-14T21:00:00.000Z",
    overallPercentage: 66,
    retryCount: 0,
    sequence: 1,
    strip: [],
    outputCount: 0,
    ...more,
  };
}
