/** The page on a static host: built for that, and served as a bucket behind a content network serves it. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";

const app = new URL("../../app/", import.meta.url).pathname;
const vite = join(app, "../node_modules/vite/bin/vite.js");
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml" };

export class Site {
  url = "";
  /** What has to be allowed besides the page's own: addresses of API, live socket and media. */
  connects: string[] = [];
  private readonly server: Server;

  private constructor(private readonly folder: string) {
    this.server = createServer(({ url = "/" }, response) => {
      const { pathname } = new URL(url, "http://site");
      const asked = join(folder, pathname);
      // What is no file is an address of the page.
      const file = extname(pathname) !== "" && existsSync(asked) ? asked : join(folder, "index.html");
      const elsewhere = this.connects.join(" ");
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.setHeader(
        "content-security-policy",
        `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: data: ${elsewhere}; connect-src 'self' ${elsewhere}; base-uri 'none'; frame-ancestors 'none'`,
      );
      response.end(readFileSync(file));
    });
  }

  static async start(): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "page-"));
    // As for a deployment, not as for a test.
    const env = { ...process.env, NODE_ENV: "production" };
    execFileSync(process.execPath, [vite, "build", "--mode", "static", "--logLevel", "error", "--outDir", folder, "--emptyOutDir"], { cwd: app, env });
    const site = new Site(folder);
    site.server.listen(0, "127.0.0.1");
    await once(site.server, "listening");
    site.url = `http://127.0.0.1:${(site.server.address() as AddressInfo).port}`;
    return site;
  }

  /** What a deployment does: tells the page where everything is. */
  configure(config: { apiUrl: string; websocketApiEndpoint: string }): void {
    writeFileSync(join(this.folder, "config.js"), `globalThis.COMFYUI_MONITOR = ${JSON.stringify(config)};\n`);
    this.connects = [config.apiUrl, config.websocketApiEndpoint].map((address) => new URL(address).origin);
  }

  async end(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
    rmSync(this.folder, { recursive: true });
  }
}
