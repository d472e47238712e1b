import { MonitorClient } from "@comfyui-monitor/react";
import { CONFIG, readConfig } from "./config.js";
import { token } from "./connection/token.js";

/** A call without a body may be the last thing a page does: it goes through though the page goes away. */
const fetch: typeof globalThis.fetch = (input, init) =>
  globalThis.fetch(input, init?.method === "POST" && init.body === undefined ? { ...init, keepalive: true } : init);

const { apiUrl = "", ...config } = readConfig((globalThis as Record<string, unknown>)[CONFIG]);

export const client = new MonitorClient({ baseUrl: apiUrl, ...config, token, fetch });
