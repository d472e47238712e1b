import type { MonitorClient } from "@comfyui-monitor/react";
import { Store } from "../store.js";

/** How long a lost connection is nobody's business: most are back by then (ms). */
const QUIET_FOR = 2_000;

export interface Outage {
  /** When the connection was lost; absent where there is one, or never was. */
  lostAt?: number;
  /** Said on the page: live colours dim, numbers are of an earlier moment. */
  isTold: boolean;
}

const NONE: Outage = { isTold: false };

/** Whether this page is cut off, and since when. */
export const outage = new Store<Outage>(NONE);

/** Watches the connection, and has it come back when the network or the reader does. */
export function watchOutage(client: Pick<MonitorClient, "connection" | "reconnect">): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLive = false;
  const tell = () => {
    outage.set({ ...outage.get(), isTold: true });
  };
  const look = () => {
    const { state } = client.connection.getSnapshot();
    if (state === "live") {
      clearTimeout(timer);
      timer = undefined;
      wasLive = true;
      outage.set(NONE);
    } else if (state !== "idle") {
      if (wasLive) outage.set({ ...outage.get(), lostAt: Date.now() });
      wasLive = false;
      if (state === "locked" || state === "refused") tell();
      else timer ??= setTimeout(tell, QUIET_FOR);
    }
  };
  const mark = () => void document.documentElement.toggleAttribute("data-offline", outage.get().isTold);
  const back = () => {
    if (!document.hidden && client.connection.getSnapshot().state === "waiting") client.reconnect();
  };
  look();
  mark();
  const stops = [client.connection.subscribe(look), outage.subscribe(mark)];
  addEventListener("online", back);
  document.addEventListener("visibilitychange", back);
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
    removeEventListener("online", back);
    document.removeEventListener("visibilitychange", back);
  };
}
