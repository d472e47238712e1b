/** One monitor: its API, its live socket, and what is known of its jobs. No framework, no `window`. */
import type { Frame, FrameOf, Generation, Summary } from "../types/index.js";
import { Api, type ApiOptions, type Submission } from "./api.js";
import { Decoder, type Preview, type Warn } from "./frames.js";
import { LiveList, type LiveState } from "./live.js";
import { isSameFile, isSigned, NO_SOONER } from "./links.js";
import { openJobs } from "./openJobs.js";
import { isEnded, type LiveOrder } from "./order.js";
import { UNKNOWN, withFrame, withSnapshot, type JobState } from "./reducer.js";
import { GATEWAY, OWN } from "./pace.js";
import { Problem } from "./problem.js";
import { LiveSocket, type Connection } from "./socket.js";
import { Store, type Readable } from "./store.js";

export interface ClientOptions extends ApiOptions {
  /**
   * The live socket where it is not `/v1/live` at `baseUrl`: that of API Gateway, with its stage
   * (`wss://id.execute-api.region.amazonaws.com/stage`; `https:` is taken for `wss:`). Nothing is appended.
   */
  websocketApiEndpoint?: string;
  WebSocket?: typeof globalThis.WebSocket;
  /** What could not be read, and what could not be fetched. */
  warn?: Warn;
}

interface Watched {
  state: Store<JobState>;
  preview: Store<Preview | undefined>;
  /** By watchers: whether each wants previews. */
  watchers: Map<symbol, boolean>;
  /** While it is fetched. */
  fetching: Promise<void> | undefined;
  /** When its links were asked for anew (ms). */
  renewedAt: number;
}

const ALL = "*";
/** Jobs that nobody watches and that are kept nevertheless. */
const MAX_IDLE = 50;

/**
 * @example
 * const client = new MonitorClient({ baseUrl: "http://127.0.0.1:8190" });
 * const { queueId } = await client.api.submit({ workflow });
 * const stop = client.watch(queueId);
 * client.job(queueId).subscribe(() => console.log(client.job(queueId).getSnapshot().generation?.message));
 */
export class MonitorClient {
  readonly api: Api;
  readonly connection: Readable<Connection>;
  /** All jobs and instances; kept current while {@link watchAll} is in force. */
  readonly live: Readable<LiveState>;
  /** The ids of {@link live} in their groups; it changes only when one comes, goes or passes over. */
  readonly liveOrder: Readable<LiveOrder>;
  /** The monitors are beside their servers and out of reach: they come and go, and what is asked of one waits for it. */
  readonly isBehindGateway: boolean;
  private readonly socket: LiveSocket;
  private readonly list = new LiveList();
  private readonly jobs = new Map<string, Watched>();
  private readonly decoder: Decoder;
  private readonly warn: Warn;
  private listWatchers = 0;
  /** When the links in the list were asked for anew (ms). */
  private listRenewedAt = -Infinity;

  constructor(private readonly options: ClientOptions = {}) {
    this.warn = options.warn ?? ((message) => console.warn(message));
    this.decoder = new Decoder(this.warn);
    this.api = new Api(options);
    this.isBehindGateway = Boolean(options.websocketApiEndpoint);
    this.live = this.list.state;
    this.liveOrder = this.list.order;
    const connection = new Store<Connection>({ state: "idle" });
    this.connection = connection;
    this.socket = new LiveSocket({
      url: () => this.liveUrl(),
      pace: this.isBehindGateway ? GATEWAY : OWN,
      token: options.token,
      WebSocket: options.WebSocket,
      hear: (data) => this.hear(data),
      tell: (now) => connection.set(now),
      isLocked: () => this.isLocked(),
    });
  }

  /** What is known of a job; it is kept current while somebody watches it. */
  job(queueId: string): Readable<JobState> {
    return this.watched(queueId).state;
  }

  /** The newest preview of a job, where it is watched with previews. */
  preview(queueId: string): Readable<Preview | undefined> {
    return this.watched(queueId).preview;
  }

  /** One job of {@link live}: who follows it hears of no other. */
  liveJob(queueId: string): Readable<Summary | undefined> {
    return this.list.job(queueId);
  }

  /** `now` by the server's clock (ms): the times in frames and answers are of that clock. */
  serverTime(now = Date.now()): number {
    return this.list.serverTime(now);
  }

  /** Keeps a job current until the returned function is called. It may be one that is still to be submitted. */
  watch(queueId: string, { previews = false } = {}): () => void {
    const { watchers } = this.watched(queueId);
    const watcher = Symbol(queueId);
    watchers.set(watcher, previews);
    this.follow(queueId, watchers);
    return () => {
      if (!watchers.delete(watcher)) return;
      if (watchers.size > 0) return this.follow(queueId, watchers);
      this.socket.unsubscribe(queueId);
      this.forget(queueId);
    };
  }

  /** Keeps {@link live} current until the returned function is called. */
  watchAll(): () => void {
    if (this.listWatchers++ === 0) this.socket.subscribe(ALL);
    let watching = true;
    return () => {
      if (watching && --this.listWatchers === 0) this.socket.unsubscribe(ALL);
      watching = false;
    };
  }

  /** Submits and takes the answer as the first word of the job. */
  async generate(submission: Submission): Promise<Generation> {
    const generation = await this.api.submit(submission);
    this.watched(generation.queueId);
    this.learn(generation);
    return generation;
  }

  /**
   * Tells that an output did not open at `path`. A signed link is good for a time, and a page may be open for longer: what
   * brings new ones, its generation or the list, is asked for again, once. Gives the new link of a generation's output.
   */
  async renewLink(path: string): Promise<string | undefined> {
    if (!isSigned(path)) return undefined;
    this.renewList(path);
    for (const [queueId, job] of this.jobs) {
      const held = linkTo(path, job);
      if (held === undefined) continue;
      if (held !== path) return held;
      if (Date.now() - job.renewedAt < NO_SOONER) return undefined;
      job.renewedAt = Date.now();
      await this.complete(job, queueId);
      const renewed = linkTo(path, job);
      return renewed === path ? undefined : renewed;
    }
    return undefined;
  }

  /** The bytes of an output; where its link has ended, by the next one. */
  async bytes(path: string): Promise<Blob> {
    try {
      return await this.api.bytes(path);
    } catch (problem) {
      const renewed = await this.renewLink(path);
      if (renewed === undefined) throw problem;
      return this.api.bytes(renewed);
    }
  }

  /** Connects now rather than when it is due: the network is back, or there is a new token. */
  reconnect(): void {
    this.socket.connect();
  }

  close(): void {
    this.list.close();
    this.socket.close();
  }

  private watched(queueId: string): Watched {
    const known = this.jobs.get(queueId);
    if (known) return known;
    const state = new Store(UNKNOWN);
    const fresh = { state, preview: new Store<Preview | undefined>(undefined), watchers: new Map(), fetching: undefined, renewedAt: -Infinity };
    this.jobs.set(queueId, fresh);
    return fresh;
  }

  /** What nobody watches any more is kept for a while: who comes back to it sees it at once, and it may be told of still. */
  private forget(newest: string): void {
    const job = this.watched(newest);
    this.jobs.delete(newest);
    this.jobs.set(newest, job);
    const idle = [...this.jobs].filter(([, { watchers }]) => watchers.size === 0);
    for (const [queueId] of idle.slice(0, -MAX_IDLE)) this.jobs.delete(queueId);
  }

  private follow(queueId: string, watchers: Map<symbol, boolean>): void {
    this.socket.subscribe(queueId, [...watchers.values()].includes(true));
  }

  private learn(generation: Generation): void {
    const job = this.jobs.get(generation.queueId);
    job?.state.set(withSnapshot(job.state.getSnapshot(), generation, Date.now()));
  }

  private hear(data: string | ArrayBuffer): Frame | undefined {
    const read = this.decoder.read(data);
    if (!read) return undefined;
    if (!("header" in read)) {
      this.take(read);
      return read;
    }
    this.see(read);
    return undefined;
  }

  private take(frame: Frame): void {
    if (frame.type === "error") return this.warn(`comfyui-monitor: ${frame.code}: ${frame.message}`);
    if (frame.type === "generation_update" || frame.type === "instance_update") return this.list.take(frame);
    if (frame.type === "snapshot" && frame.queueId === ALL) return this.begin(frame);
    const job = "queueId" in frame ? this.jobs.get(frame.queueId) : undefined;
    if (!job) return;
    const before = job.state.getSnapshot();
    if (frame.type === "snapshot") {
      job.state.set(withSnapshot(before, frame.generation ?? null, Date.now(), frame.truncated));
    } else if ("attempt" in frame) {
      job.state.set(withFrame(before, frame, Date.now()));
      if (job.state.getSnapshot().running.length === 0) job.preview.set(undefined);
    } else {
      return;
    }
    if (job.state.getSnapshot().partial) void this.complete(job, frame.queueId);
  }

  private begin(snapshot: FrameOf<"snapshot">): void {
    this.list.take(snapshot);
    if (!snapshot.truncated) return;
    openJobs(this.api).then(
      ({ jobs, isWhole }) => this.list.complete(jobs, isWhole),
      (problem: unknown) => this.warn(`comfyui-monitor: not all jobs could be fetched: ${String(problem)}`),
    );
  }

  /** Fetches what is not here: a snapshot had no room for it, or it has ended. */
  private complete(job: Watched, queueId: string): Promise<void> {
    job.fetching ??= this.api
      .generation(queueId)
      .then(
        (generation) => this.learn(generation),
        (problem: unknown) => this.warn(`comfyui-monitor: ${queueId} could not be fetched: ${String(problem)}`),
      )
      .finally(() => (job.fetching = undefined));
    return job.fetching;
  }

  private renewList(path: string): void {
    const isListed = this.live.getSnapshot().jobs.some(({ thumbnailUrl }) => thumbnailUrl === path);
    if (!isListed || Date.now() - this.listRenewedAt < NO_SOONER) return;
    this.listRenewedAt = Date.now();
    this.list.renewLinks();
    this.socket.renew(ALL);
  }

  /** Behind a gateway they may overtake each other, and the end of the job. */
  private see(preview: Preview): void {
    const { queueId, promptId, sequence } = preview.header;
    const job = this.jobs.get(queueId);
    const shown = job?.preview.getSnapshot()?.header;
    if (shown && shown.promptId === promptId && shown.sequence > sequence) return;
    const generation = job?.state.getSnapshot().generation;
    if (generation && generation.promptId === promptId && isEnded(generation)) return;
    job?.preview.set(preview);
  }

  /** A WebSocket does not tell a wrong token from an absent server. */
  private async isLocked(): Promise<boolean> {
    const problem: unknown = await this.api.instances().catch((problem: unknown) => problem);
    return problem instanceof Problem && problem.status === 401;
  }

  private liveUrl(): string {
    const { websocketApiEndpoint, baseUrl } = this.options;
    const url = new URL(websocketApiEndpoint?.replace(/\/+$/, "") || "/v1/live", baseUrl || globalThis.location?.href);
    url.protocol = url.protocol.replace("http", "ws");
    return url.href;
  }
}

/** What a job has for the file at `path`. */
function linkTo(path: string, { state }: Watched): string | undefined {
  const outputs = state.getSnapshot().generation?.outputs ?? [];
  return outputs.flatMap(({ url, thumbnailUrl }) => [url, thumbnailUrl]).find((link) => isSameFile(path, link));
}
