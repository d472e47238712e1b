import type { MonitorClient } from "@comfyui-monitor/react";
import { client } from "./client.js";

/** Pause between two tries while the connection is there all the same (ms). */
const PAUSE = 1_000;
const TRIES = 3;

type Connected = Pick<MonitorClient, "connection">;

export interface PartOptions {
  monitor?: Connected;
  /** Loads the page anew; false where that was no use before. */
  anew?: () => boolean;
}

/**
 * A part of the page that is fetched when it is needed, for `lazy`. Without a monitor it comes when that is back; where it
 * does not come though the monitor answers, the monitor is another one by now, and with it the page: that is loaded anew.
 */
export function part<T>(load: () => Promise<T>, { monitor = client, anew = loadAnew }: PartOptions = {}): () => Promise<T> {
  return async () => {
    let refusals = 0;
    for (;;) {
      try {
        return await load();
      } catch (cause) {
        if (!isLive(monitor)) {
          // What failed without a connection says nothing of the monitor that comes back.
          refusals = 0;
          await live(monitor);
          continue;
        }
        refusals += 1;
        if (refusals < TRIES) await new Promise((done) => setTimeout(done, PAUSE));
        else if (anew()) return new Promise<never>(() => {});
        else throw cause;
      }
    }
  };
}

/** A browser without a network may keep its sockets for a while. */
function isLive({ connection }: Connected): boolean {
  return connection.getSnapshot().state === "live" && globalThis.navigator?.onLine !== false;
}

function live(monitor: Connected): Promise<void> {
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
