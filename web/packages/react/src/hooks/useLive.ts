"use client";
import { useEffect, useSyncExternalStore } from "react";
import { NOTHING, type LiveState } from "../core/live.js";
import type { Connection } from "../core/socket.js";
import type { Instance, Summary } from "../types/index.js";
import { useMonitor } from "./context.js";

const IDLE: Connection = { state: "idle" };

function useLive(): LiveState & { connection: Connection } {
  const client = useMonitor();
  useEffect(() => client.watchAll(), [client]);
  const live = useSyncExternalStore(client.live.subscribe, client.live.getSnapshot, () => NOTHING);
  const connection = useSyncExternalStore(client.connection.subscribe, client.connection.getSnapshot, () => IDLE);
  return { ...live, connection };
}

/** Every job under watch, newest first: all that wait or run, and the newest that have ended. */
export function useLiveJobs(): { jobs: Summary[]; known: boolean; connection: Connection } {
  const { jobs, known, connection } = useLive();
  return { jobs, known, connection };
}

/** Every ComfyUI server under watch. */
export function useInstances(): { instances: Instance[]; known: boolean; connection: Connection } {
  const { instances, known, connection } = useLive();
  return { instances, known, connection };
}
