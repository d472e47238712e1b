/** Facts beside a job. Pure; what is not known is left out. */
import { duration, exactDuration, memory, type Generation, type Instance } from "@comfyui-monitor/react";
import { spacedSeed, type Seed } from "../../../jobs/seed.js";
import { deviceNames } from "../../../instances/device.js";

export interface Fact {
  name: string;
  value: string;
  /** Whole, for the tooltip. */
  title?: string;
  isMono?: boolean;
}

export interface Known {
  generation: Generation;
  /** The attempt that is shown. */
  attempt: number;
  instance: Instance | undefined;
  seed: Seed | undefined;
  /** Of another program that submitted it. */
  submitter: string | undefined;
  maxRetries: number | undefined;
  /** Attempts so far, also where an earlier one is shown. */
  attempts: number;
}

export function factsOf({ generation, attempt, instance, seed, submitter, maxRetries, attempts }: Known): Fact[] {
  const facts: Fact[] = [];
  const shown = generation.attempts.find(({ number }) => number === attempt);
  const where = instance?.name ?? (shown?.instanceId || generation.instanceId);
  const device = instance && deviceNames(instance.devices);
  if (where) facts.push({ name: "Instance", value: device ? `${where}, ${device}` : where });
  const most = Math.max(attempts, maxRetries === undefined ? 1 : maxRetries + 1);
  if (attempt > 0) facts.push({ name: "Attempt", value: most > 1 ? `${attempt} of ${most}` : String(attempt) });
  if (seed) facts.push({ name: "Seed", value: spacedSeed(seed.value), title: seed.value });
  const waited = waitedMs(generation);
  if (waited !== undefined) facts.push({ name: "Waited", value: duration(waited), title: exactDuration(waited) });
  const used = memoryOf(generation, attempt, instance);
  if (used) facts.push(used);
  const client = submitter ?? instance?.clientId;
  if (client) facts.push({ name: "Client", value: client, title: client, isMono: true });
  return facts;
}

/** From its arrival to its first start: two times of one clock. */
export function waitedMs({ createdAt, startedAt, attempts }: Generation): number | undefined {
  const first = attempts[0]?.startedAt ?? startedAt;
  if (first === undefined) return undefined;
  const ms = Date.parse(first) - Date.parse(createdAt);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

function memoryOf({ status, attempts }: Generation, attempt: number, instance: Instance | undefined): Fact | undefined {
  const total = instance?.memory?.totalBytes;
  const peak = attempts.find(({ number }) => number === attempt)?.peakMemoryBytes;
  if (status === "processing" && instance?.memory) {
    return { name: "GPU memory", value: memory(instance.memory.usedBytes, instance.memory.totalBytes) };
  }
  if (peak === undefined || total === undefined) return undefined;
  return { name: "GPU memory", value: memory(peak, total), title: "The most that was in use while it ran" };
}
