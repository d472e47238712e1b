import { useMonitor, type JobEvent, type JobState, type MonitorClient } from "@comfyui-monitor/react";
import { useEffect, useRef, useState } from "react";

/** Pages of events that are read at most; a job of more is told in its newest frames. */
const MOST_PAGES = 50;
/** Between two questions while it runs (ms). */
const EVERY = 1_000;

interface Held {
  promptId: string | undefined;
  events: readonly JobEvent[];
}

const NONE: readonly JobEvent[] = [];

/** The durable events of an attempt, and what comes after them while it runs. */
export function useEvents(promptId: string | undefined, state: JobState): readonly JobEvent[] {
  const client = useMonitor();
  const [held, setHeld] = useState<Held>({ promptId: undefined, events: NONE });
  const events = held.promptId === promptId ? held.events : NONE;
  const key = eventsKey(state);
  const asked = useRef(0);
  useEffect(() => {
    if (promptId === undefined) return;
    let wanted = true;
    const after = events.at(-1)?.detail.sequence;
    const wait = after === undefined ? 0 : asked.current + EVERY - performance.now();
    const timer = setTimeout(async () => {
      asked.current = performance.now();
      const fresh = await readAll(client, promptId, after).catch(() => NONE);
      if (!wanted || fresh.length === 0) return;
      setHeld((before) => ({ promptId, events: before.promptId === promptId ? joined(before.events, fresh) : fresh }));
    }, Math.max(0, wait));
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
    // Asked again when something durable has happened.
  }, [client, promptId, key]);
  return events;
}

/** Changes with what leaves a durable event behind: not with every step. */
export function eventsKey({ generation, running }: JobState): string {
  if (!generation) return "";
  const settled = generation.nodes.reduce((count, { state }) => count + (state === "pending" ? 0 : 1), 0);
  return [generation.promptId, generation.status, settled, generation.outputs.length, ...running.map(({ nodeId }) => nodeId)].join();
}

async function readAll(client: MonitorClient, promptId: string, from: number | undefined): Promise<readonly JobEvent[]> {
  const all: JobEvent[] = [];
  let after = from;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, nextAfter } = await client.api.jobEvents(promptId, after);
    all.push(...items);
    if (nextAfter === undefined) break;
    after = nextAfter;
  }
  return all;
}

function joined(held: readonly JobEvent[], fresh: readonly JobEvent[]): readonly JobEvent[] {
  const last = held.at(-1)?.detail.sequence ?? -1;
  return [...held, ...fresh.filter(({ detail }) => detail.sequence > last)];
}
