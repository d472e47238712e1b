import type { NextConfig } from "next";

const monitor = process.env.MONITOR_URL ?? "http://127.0.0.1:8190";

const config: NextConfig = {
  // Calls and the WebSocket go to the monitor, so that to the browser all of it is one site.
  rewrites: async () => [{ source: "/v1/:path*", destination: `${monitor}/v1/:path*` }],
  turbopack: { root: import.meta.dirname },
};

export default config;
