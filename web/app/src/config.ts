/** Where the monitor is, for a page that it does not serve itself: `config.js` beside the page says so, before all else. */
export interface Config {
  /** The HTTP API, without `/v1`; absent: where the page came from. */
  apiUrl?: string;
  /** The live socket of a gateway, with its stage; absent: `/v1/live` of the API. */
  websocketApiEndpoint?: string;
}

/** The name of the global that `config.js` sets. */
export const CONFIG = "COMFYUI_MONITOR";

const SCHEMES = { apiUrl: /^https?:\/\/[^/]/, websocketApiEndpoint: /^(wss?|https?):\/\/[^/]/ };

/** What cannot be used is told to `warn` and left out: the page then asks its own site, as the monitor's does. */
export function readConfig(told: unknown, warn: (message: string) => void = console.warn): Config {
  const config: Config = {};
  if (typeof told !== "object" || told === null) return config;
  for (const [name, scheme] of Object.entries(SCHEMES) as [keyof Config, RegExp][]) {
    const value = (told as Record<string, unknown>)[name];
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "string" && scheme.test(value)) config[name] = value;
    else warn(`comfyui-monitor: config.js: ${name} is no address: ${JSON.stringify(value)}`);
  }
  return config;
}
