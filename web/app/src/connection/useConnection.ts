import { useMonitor, type Connection } from "@comfyui-monitor/react";
import { useSyncExternalStore } from "react";
import { useStore } from "../store.js";
import { outage } from "./outage.js";

/** The connection of this page, and whether what it shows is of an earlier moment. */
export function useConnection(): { connection: Connection; lostAt: number | undefined; isOffline: boolean } {
  const client = useMonitor();
  const connection = useSyncExternalStore(client.connection.subscribe, client.connection.getSnapshot, client.connection.getSnapshot);
  const { lostAt, isTold } = useStore(outage);
  return { connection, lostAt, isOffline: isTold };
}
