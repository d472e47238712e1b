/** All instances in a line, and what of them needs a person. Pure. */
import { shownState, timeLeftShort, type Eta, type Instance, type Summary } from "@comfyui-monitor/react";
import { isAnswering } from "./connection.js";
import { clearIn } from "./queue.js";

export interface FleetFigures {
  answering: number;
  all: number;
  running: number;
  waiting: number;
  /** `about 14 min`, where it is known of all that wait. */
  clear?: string;
}

export function fleetFigures(instances: readonly Instance[], jobs: readonly Summary[]): FleetFigures {
  const waiting = instances.reduce((sum, instance) => sum + instance.waiting.length, 0);
  const busy = instances.filter((instance) => isAnswering(instance) && instance.waiting.length > 0);
  const etas = busy.map((instance) => clearIn(instance, jobs));
  const known = etas.filter((eta): eta is Eta => eta !== undefined);
  const longest = known.reduce<Eta | undefined>((one, eta) => (one && one.remainingMs >= eta.remainingMs ? one : eta), undefined);
  return {
    answering: instances.filter(isAnswering).length,
    all: instances.length,
    running: instances.reduce((sum, instance) => sum + (isAnswering(instance) ? instance.running.length : 0), 0),
    waiting,
    ...(longest && known.length === etas.length && { clear: timeLeftShort(longest) }),
  };
}

export interface Need {
  instanceId: string;
  state: "lost" | "stalled";
  text: string;
}

/** In the order of the cards. */
export function needs(instances: readonly Instance[], jobs: readonly Summary[]): Need[] {
  return instances.flatMap((instance): Need[] => {
    const { instanceId, name } = instance;
    if (instance.state === "disconnected") return [{ instanceId, state: "lost", text: `${name} does not answer` }];
    const stalled = jobs.find((job) => job.instanceId === instanceId && shownState(job) === "stalled");
    return stalled ? [{ instanceId, state: "stalled", text: `No word from ${name}` }] : [];
  });
}

/** The one that takes the next job that names none: the shortest expected wait of those that answer, where one has it alone. */
export function takesNext(instances: readonly Instance[], jobs: readonly Summary[]): string | undefined {
  const waits = instances.filter(({ state }) => state === "connected").map((instance) => {
    const open = instance.running.length + instance.waiting.length;
    return { instanceId: instance.instanceId, ms: open === 0 ? 0 : clearIn(instance, jobs)?.remainingMs };
  });
  if (waits.length < 2 || waits.some(({ ms }) => ms === undefined)) return undefined;
  const [shortest, second] = waits.toSorted((one, other) => (one.ms ?? 0) - (other.ms ?? 0));
  return shortest && second && shortest.ms !== second.ms ? shortest.instanceId : undefined;
}
