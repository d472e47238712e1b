/** What a page needs that the monitor does not serve itself: `config.js` beside it, read before the page is. */
import type { Plugin } from "vite";
import { CONFIG, type Config } from "./src/config.js";

export function staticHosting(env: Record<string, string | undefined> = process.env): Plugin {
  return {
    name: "static-hosting",
    apply: "build",
    transformIndexHtml: () => [{ tag: "script", attrs: { src: "/config.js" }, injectTo: "head" }],
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "config.js", source: configFile(env) });
    },
  };
}

/** What a deployment writes in its place, with its own addresses. */
export function configFile({ HTTP_API_ENDPOINT, WEBSOCKET_API_ENDPOINT }: Record<string, string | undefined>): string {
  const config: Config = {
    ...(HTTP_API_ENDPOINT && { apiUrl: HTTP_API_ENDPOINT }),
    ...(WEBSOCKET_API_ENDPOINT && { websocketApiEndpoint: WEBSOCKET_API_ENDPOINT }),
  };
  return `globalThis.${CONFIG} = ${JSON.stringify(config)};\n`;
}
