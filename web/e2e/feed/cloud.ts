/**
 * The HTTP API and the live socket as a cloud has them: each with an address of its own, neither that of the page. It
 * has what a first deployment there has, previews in text, and connections that end when their time is up.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Generation, Summary } from "../../packages/react/src/types/index.js";
import { instances, large, summary } from "./jobs.js";
import { ServedSocket } from "./socket.js";

const STAGE = "/live";
/** A PNG of one pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const NODES = 8;
export const PICTURE = "Lighthouse 1.png";
const MEDIA = "/media/pixel.png?X-Amz-Signature=1";
/** What needs a process that stays beside the server. */
const NOT_OFFERED = /^\/v1\/(performance|instances\/[^/]+\/(readings|object-info|uploads|reconnect)|generations\/[^/]+\/events)$/;

const servers = () => instances().map((one) => ({ ...one, memory: { usedBytes: 18 * 2 ** 30, totalBytes: 24 * 2 ** 30 } }));

export class Cloud {
  /** The steps that the job has done, of 20. */
  step = 1;
  /** What was asked of the API: method and path. */
  readonly asked: string[] = [];
  /** What was said over the socket. */
  readonly said: string[] = [];
  apiUrl = "";
  websocketApiEndpoint = "";
  private readonly servers: Server[] = [];
  private sockets: ServedSocket[] = [];
  private sequence = 1;

  /** `page` is the one origin that a browser may ask from. */
  async start(page: string): Promise<void> {
    this.apiUrl = await this.listen(createServer((request, response) => this.answer(request, response, page)));
    const gateway = createServer((_, response) => void response.writeHead(403).end());
    gateway.on("upgrade", (request, stream) => {
      if (request.url !== STAGE) return void stream.destroy();
      const socket = new ServedSocket(request, stream, (text) => this.hear(socket, text));
      this.sockets.push(socket);
    });
    this.websocketApiEndpoint = (await this.listen(gateway)).replace("http", "ws") + STAGE;
  }

  async end(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  /** Ends every connection, as a gateway does after two hours. */
  endConnections(): void {
    for (const socket of this.sockets) socket.close(1001);
    this.sockets = [];
  }

  preview(): void {
    const { queueId, promptId } = this.generation();
    const header = { type: "preview", queueId, promptId, nodeId: "4", contentType: "image/png", sequence: (this.sequence += 1), value: this.step, max: 20 };
    for (const socket of this.sockets) socket.send(JSON.stringify({ ...header, data: PIXEL }));
  }

  generation(): Generation {
    const { queueId, ...told } = large(0, NODES);
    const url = this.apiUrl + MEDIA;
    const output = { mediaId: "pixel", nodeId: "1", kind: "image", preview: false, contentType: "image/png", width: 1, height: 1, originalFilename: PICTURE, url, thumbnailUrl: url, status: "stored" } as const;
    return { ...told, ...this.summary(), nodes: told.nodes, outputs: [output], queueId };
  }

  private summary(): Summary {
    return { ...summary(0, "processing", this.step, (this.sequence += 1)), title: "From afar" };
  }

  private async listen(server: Server): Promise<string> {
    this.servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private hear(socket: ServedSocket, text: string): void {
    const { action, data } = JSON.parse(text) as { action: string; data: { queueId?: string } };
    const { queueId = "" } = data;
    this.said.push(`${action} ${queueId}`.trim());
    const timestamp = new Date().toISOString();
    if (action === "ping") socket.send(JSON.stringify({ type: "pong", timestamp }));
    if (action !== "subscribe") return;
    const known = queueId === "*" ? { generations: [this.summary()], instances: servers() } : { generation: this.generation() };
    socket.send(JSON.stringify({ type: "subscription_confirmed", timestamp, queueId }));
    socket.send(JSON.stringify({ type: "snapshot", timestamp, queueId, ...known }));
  }

  private answer(request: IncomingMessage, response: ServerResponse, page: string): void {
    const { pathname } = new URL(request.url ?? "/", "http://cloud");
    response.setHeader("access-control-allow-origin", page);
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-methods", "GET,POST");
      response.setHeader("access-control-allow-headers", "content-type,authorization");
      return void response.writeHead(204).end();
    }
    this.asked.push(`${request.method} ${pathname}`);
    if (pathname === "/media/pixel.png") {
      return void response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from(PIXEL, "base64"));
    }
    const [status, body] = this.told(pathname);
    response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" }).end(JSON.stringify(body));
  }

  private told(pathname: string): [number, object] {
    const { queueId } = this.generation();
    if (NOT_OFFERED.test(pathname)) return [501, { status: 501, title: "Not Implemented", detail: "This deployment does not offer that" }];
    if (pathname === "/v1/generations") {
      const counts = { pending: 0, processing: 1, completed: 0, failed: 0, interrupted: 0 };
      return [200, { items: [this.summary()], counts, today: { jobs: 1 } }];
    }
    if (pathname === `/v1/generations/${queueId}`) return [200, this.generation()];
    if (pathname === "/v1/instances") return [200, { items: servers() }];
    if (pathname.endsWith("/events")) return [200, { items: [] }];
    if (pathname.endsWith("/workflow")) return [200, {}];
    return [404, { message: "Not Found" }];
  }
}
