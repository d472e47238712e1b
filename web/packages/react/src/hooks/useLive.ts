"use client";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { NOTHING } from "../core/live.js";
import { NO_ORDER, type LiveOrder } from "../core/order.js";
import type { Connection } from "../core/socket.js";
import type { Readable } from "../core/store.js";
import type { Instance, Summary } from "../types/index.js";
import { useMonitor } from "./context.js";

const IDLE: Connection = { state: "idle" };

function useRead<T>({ subscribe, getSnapshot }: Readable<T>, atServer: T): T {
  return useSyncExternalStore(subscribe, getSnapshot, () => atServer);
}

/** The client, with its list kept current while the component is there. */
function useWatched() {
  const client = useMonitor();
  useEffect(() => client.watchAll(), [client]);
  return client;
}

/** The connection to the monitor. */
export function useConnection(): Connection {
  return useRead(useMonitor().connection, IDLE);
}

/**
 * Every job under watch, newest first: all that wait or run, and the newest that have ended. It changes with each of
 * them, up to once a frame: for a list see {@link useLiveOrder} and {@link useLiveJob}.
 */
export function useLiveJobs(): { jobs: readonly Summary[]; known: boolean; connection: Connection } {
  const { jobs, known } = useRead(useWatched().live, NOTHING);
  return { jobs, known, connection: useConnection() };
}

/** The ids of {@link useLiveJobs} in their groups: it changes only when one comes, goes or passes over. */
export function useLiveOrder(): LiveOrder {
  return useRead(useWatched().liveOrder, NO_ORDER);
}

/** One job of {@link useLiveJobs}; it changes with no other. */
export function useLiveJob(queueId: string): Summary | undefined {
  const client = useWatched();
  const job = useMemo(() => client.liveJob(queueId), [client, queueId]);
  return useRead(job, undefined);
}

/** Every ComfyUI server under watch; it does not change with jobs. */
export function useInstances(): { instances: readonly Instance[]; known: boolean; connection: Connection } {
  const { live } = useWatched();
  const instances = useSyncExternalStore(live.subscribe, useCallback(() => live.getSnapshot().instances, [live]), () => NOTHING.instances);
  const known = useSyncExternalStore(live.subscribe, useCallback(() => live.getSnapshot().known, [live]), () => false);
  return { instances, known, connection: useConnection() };
}
