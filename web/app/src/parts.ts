import type { MonitorClient } from "@comfyui-monitor/react";
import { client } from "./client.js";

/** Pause between two tries while the connection is there all the same (ms). */
const PAUSE = 1_000;
const TRIES = 3;

/**
 * A part of the page that is fetched when it is needed, for `lazy`. Without a monitor it comes when that is back; where it
 * does not come though the monitor answers, the monitor is another one by now, and with it the page: that is loaded anew.
 */
export function part<T>(load: () => Promise<T>, monitor: Pick<MonitorClient, "connection"> = client, anew = loadAnew): () => Promise<T> {
  return async () => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await load();
      } catch (cause) {
        if (!isLive(monitor)) {
          tries = 0;
          await live(monitor);
        } else if (tries >= TRIES) {
          if (anew()) return new Promise<never>(() => {});
          throw cause;
        } else {
          await new Promise((done) => setTimeout(done, PAUSE));
        }
      }
    }
  };
}

/** A browser without a network may keep its sockets for a while. */
function isLive({ connection }: Pick<MonitorClient, "connection">): boolean {
  return connection.getSnapshot().state === "live" && globalThis.navigator?.onLine !== false;
}

function live(monitor: Pick<MonitorClient, "connection">): Promise<void> {
  return new Promise((done) => {
    const look = () => {
      if (!isLive(monitor)) return;
      stop();
      globalThis.removeEventListener?.("online", look);
      done();
    };
    const stop = monitor.connection.subscribe(look);
    globalThis.addEventListener?.("online", look);
  });
}

const KEY = "cm-loaded-anew";

/** Once a tab and address: what is still missing then is missing for good. */
function loadAnew(): boolean {
  try {
    if (sessionStorage.getItem(KEY) === location.href) return false;
    sessionStorage.setItem(KEY, location.href);
  } catch {
    return false;
  }
  location.reload();
  return true;
}
