import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { staticHosting } from "./static.js";

/** Where `npm run dev` finds a monitor. */
const monitor = process.env.MONITOR_URL ?? "http://127.0.0.1:8190";
const source = new URL("../packages/react/src/", import.meta.url).pathname;

export default defineConfig(({ mode }) => ({
  plugins: [react(), mode === "static" && staticHosting()],
  resolve: {
    dedupe: ["react", "react-dom"],
    alias: [
      { find: /^@comfyui-monitor\/react$/, replacement: `${source}index.ts` },
      { find: /^@comfyui-monitor\/react\/styles\.css$/, replacement: `${source}styles/index.css` },
      { find: /^@comfyui-monitor\/react\/(core|hooks|components|words)$/, replacement: `${source}$1/index.ts` },
    ],
  },
  // The page's policy allows nothing inline.
  build: { assetsInlineLimit: 0, target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": { target: monitor, ws: true } } },
}));
