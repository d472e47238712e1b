import { MonitorClient } from "@comfyui-monitor/react";
import { token } from "./connection/token.js";

/** A call without a body may be the last thing a page does: it goes through though the page goes away. */
const fetch: typeof globalThis.fetch = (input, init) =>
  globalThis.fetch(input, init?.method === "POST" && init.body === undefined ? { ...init, keepalive: true } : init);

/** Where the monitor is: where the page came from, unless it was built to be kept elsewhere. */
export const baseUrl: string = import.meta.env.VITE_MONITOR_URL ?? "";

export const client = new MonitorClient({ baseUrl, token, fetch });
