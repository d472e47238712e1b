/**
 * A feed for measuring the page: it speaks `/v1` as the monitor does, but tells of each job as often as is asked for. The
 * monitor itself says a job's newest state at most 4 times a second, so this is the harder case.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Frame, Summary } from "../../packages/react/src/types/index.js";
import { dist } from "../harness/programs.js";
import { idOf, instances, large, summary } from "./jobs.js";
import { ServedSocket } from "./socket.js";

export interface FeedOptions {
  /** Jobs that run. */
  live: number;
  /** Jobs that have ended, older than those. */
  ended: number;
  /** Frames a second for each job that runs. */
  rate: number;
}

/** A reader that is so far behind is told nothing more until it has caught up. */
const MOST_BEHIND = 8 * 2 ** 20;
/** The job of many nodes. */
export const LARGE = { index: 9_000_000, nodes: 300 };

const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", woff2: "font/woff2", svg: "image/svg+xml" };

export class Feed {
  sent = 0;
  held = 0;
  private server!: Server;
  private timer: NodeJS.Timeout | undefined;
  private readonly sockets = new Set<ServedSocket>();
  private readonly steps: number[];
  private sequence = 1;

  constructor(private readonly options: FeedOptions) {
    this.steps = Array.from({ length: options.live }, (_, index) => index % 20);
  }

  async start(): Promise<string> {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on("upgrade", (request, stream) => {
      const socket = new ServedSocket(request, stream, (text) => this.hear(socket, text));
      this.sockets.add(socket);
    });
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Begins to tell, evenly spread over time. */
  play(): void {
    const { live, rate } = this.options;
    const began = performance.now();
    let told = 0;
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1_000) * live * rate);
      for (; told < due; told += 1) this.tell(told % live);
    }, 4);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async end(): Promise<void> {
    this.stop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private tell(index: number): void {
    this.steps[index] = ((this.steps[index] ?? 0) + 1) % 20;
    const generation = this.job(index);
    const frame = {
      type: "generation_update",
      timestamp: new Date().toISOString(),
      queueId: generation.queueId,
      promptId: generation.promptId,
      attempt: 1,
      sequence: generation.sequence,
      status: generation.status,
      generation,
    } satisfies Frame;
    this.broadcast(JSON.stringify(frame));
  }

  private job(index: number): Summary {
    const { live } = this.options;
    return index < live ? summary(index, "processing", this.steps[index], (this.sequence += 1)) : summary(index, index % 9 === 0 ? "failed" : "completed");
  }

  private broadcast(text: string): void {
    for (const socket of this.sockets) {
      if (!socket.isOpen) this.sockets.delete(socket);
      else if (socket.backlog > MOST_BEHIND) this.held += 1;
      else {
        socket.send(text);
        this.sent += 1;
      }
    }
  }

  private hear(socket: ServedSocket, text: string): void {
    const { action, data, requestId } = JSON.parse(text) as { action: string; data?: { queueId?: string }; requestId?: string };
    const base = { timestamp: new Date().toISOString(), ...(requestId && { requestId }) };
    const queueId = data?.queueId ?? "*";
    if (action === "ping") socket.send(JSON.stringify({ ...base, type: "pong" }));
    if (action !== "subscribe") return;
    socket.send(JSON.stringify({ ...base, type: "subscription_confirmed", queueId }));
    const newest = Math.min(this.options.ended, 50);
    const all = Array.from({ length: this.options.live + newest }, (_, index) => this.job(index));
    const snapshot = queueId === "*" ? { generations: all, instances: instances() } : { generation: this.one(queueId) };
    socket.send(JSON.stringify({ ...base, type: "snapshot", queueId, ...snapshot }));
  }

  private one(queueId: string) {
    return large(queueId === idOf(LARGE.index) ? LARGE.index : Number(queueId.slice(-12)), LARGE.nodes);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://feed");
    const json = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (url.pathname === "/v1/generations") return void json(this.list(url.searchParams));
    if (url.pathname.startsWith("/v1/generations/")) return void json(this.one(url.pathname.split("/")[3] ?? ""));
    if (url.pathname === "/v1/instances") return void json({ items: instances() });
    if (url.pathname.startsWith("/v1/jobs/")) return void json({ items: [] });
    if (url.pathname.startsWith("/v1/")) return void json({ items: [] });
    const file = join(dist, url.pathname);
    if (url.pathname.includes(".") && existsSync(file)) {
      response.setHeader("content-type", TYPES[file.split(".").at(-1) ?? ""] ?? "application/octet-stream");
      return void createReadStream(file).pipe(response);
    }
    response.setHeader("content-type", "text/html; charset=utf-8");
    createReadStream(join(dist, "index.html")).pipe(response);
  }

  private list(asked: URLSearchParams) {
    const { live, ended } = this.options;
    const status = asked.getAll("status").flatMap((some) => some.split(","));
    const limit = Math.min(Number(asked.get("limit") ?? 50), 200);
    const items: Summary[] = [];
    let at = Number(asked.get("cursor") ?? 0);
    for (; at < live + ended && items.length < limit; at += 1) {
      const job = this.job(at);
      if (status.length === 0 || status.includes(job.status)) items.push(job);
    }
    const failed = Math.floor(ended / 9);
    return {
      items,
      ...(at < live + ended && { nextCursor: String(at) }),
      counts: { pending: 0, processing: live, completed: ended - failed, failed, interrupted: 0 },
      today: { jobs: ended, medianWaitMs: 400, successPercentage: 89 },
    };
  }
}
