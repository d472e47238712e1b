/** Where a job will go and how long it takes there, in words. Pure. */
import { roughly, type Instance } from "@comfyui-monitor/react";
import type { FormState } from "./form.js";

/** A wait that is worth telling (ms). */
const WAIT = 2000;

/** "Least loaded server", "cinder". */
export function destinationName(instanceId: string | undefined, instances: readonly Instance[]): string {
  const [only] = instances;
  if (instances.length === 1 && only) return only.name;
  if (instanceId === undefined) return "Least loaded server";
  return instances.find((instance) => instance.instanceId === instanceId)?.name ?? instanceId;
}

/** "usually 1 min", "starts in 25 s, usually 1 min"; or that nobody is there to take it. */
export function destinationTime({ loaded, instanceId }: FormState, instances: readonly Instance[], known: boolean): string | undefined {
  const asked = instances.filter((instance) => instanceId === undefined || instance.instanceId === instanceId);
  if (known && !asked.some(isThere)) return "not there: sent when it is back";
  const { estimatedWaitTime, eta } = loaded ?? {};
  const waits = estimatedWaitTime !== undefined && estimatedWaitTime >= WAIT;
  const words = [waits && `starts in ${roughly(estimatedWaitTime)}`, eta && `usually ${roughly(eta.remainingMs)}`];
  return words.filter(Boolean).join(", ") || undefined;
}

export function isThere({ state }: Pick<Instance, "state">): boolean {
  return state === "connected" || state === "polling";
}
