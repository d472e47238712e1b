import type { Summary } from "@comfyui-monitor/react";

export const AT = Date.parse("2026-11-24T16:39:04.974Z");

export const iso = (ms: number) => new Date(ms).toISOString();

/** A job that runs, with what a test says of it. */
export function summary(queueId: string, more: Partial<Summary> = {}): Summary {
  const base = { queueId, promptId: `p-${queueId}`, instanceId: "atlas", origin: "observed", status: "processing", title: queueId } as const;
  return { ...base, createdAt: iso(AT), overallPercentage: 0, retryCount: 0, sequence: 1, strip: [], outputCount: 0, ...more };
}
