/** The WebSocket `/v1/live`: it comes back by itself and asks again for what it was asked for. */

/** How the connection is. `locked`: a token is wanted; `refused`: trying again would end the same way. */
export type ConnectionState = "idle" | "connecting" | "live" | "waiting" | "locked" | "refused";

export interface Connection {
  state: ConnectionState;
  /** While it waits: when the next try is due, in ms since the epoch. */
  retryAt?: number;
  /** While it is live: how long a ping was on its way there and back, in ms; absent before the first answer. */
  roundTripMs?: number;
}

export interface SocketOptions {
  /** `ws://host/v1/live`, asked for at every try. */
  url: () => string;
  token?: (() => string | undefined) | undefined;
  WebSocket?: typeof globalThis.WebSocket | undefined;
  /** A text or binary message. */
  hear: (data: string | ArrayBuffer) => void;
  tell: (connection: Connection) => void;
  /** Asked when a connection could not be opened: whether that is for want of a token. */
  isLocked?: () => Promise<boolean>;
  /** 0 to 1, for the jitter. */
  random?: () => number;
}

/** Waits between tries (ms), before jitter; the last one is kept to. */
const WAITS = [250, 1_000, 2_000, 4_000, 8_000, 15_000];
/** After "come back later" and "going away", to which everybody was told to come back (ms, before jitter). */
const LATER = 2_000;
const PING_EVERY = 20_000;
/** Silence that long after a ping: the connection is dead, whatever the system believes (ms). */
const PONG_WITHIN = 10_000;
/** The way there and back is measured soon after the snapshots have come, and then now and again (ms). */
const MEASURE_FIRST = 500;
const MEASURE_EVERY = 20_000;
/** A pong is shorter than this; nothing longer is looked into. */
const PONG_LENGTH = 256;

const STOP = new Set([1000, 1002, 1003, 1007, 1008, 1009]);
const GOING_AWAY = 1001;
const COME_BACK_LATER = 4001;
const TOKEN_EXPIRED = 4003;

export class LiveSocket {
  private socket: WebSocket | undefined;
  private tries = 0;
  /** The newest connection was open once. */
  private wasOpen = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private measuring: ReturnType<typeof setTimeout> | undefined;
  /** When the ping was sent that has no answer yet. */
  private pingedAt: number | undefined;
  /** What it is subscribed to, or will be: queue id (or `*`) and whether with previews. */
  private readonly topics = new Map<string, boolean>();

  constructor(private readonly options: SocketOptions) {}

  /** Follows a generation, or all (`*`); again changes `previews`. Connects where it is not. */
  subscribe(queueId: string, previews = false): void {
    if (this.topics.get(queueId) === previews) return;
    this.topics.set(queueId, previews);
    this.say("subscribe", { queueId, previews });
    this.connect();
  }

  /** With the last one gone, the connection goes too. */
  unsubscribe(queueId: string): void {
    if (!this.topics.delete(queueId)) return;
    this.say("unsubscribe", { queueId });
    if (this.topics.size === 0) this.close();
  }

  /** Now rather than when it is due: the network is back, the page is looked at again, there is a token. */
  connect(): void {
    if (this.socket || this.topics.size === 0) return;
    clearTimeout(this.timer);
    const { url, token, WebSocket = globalThis.WebSocket } = this.options;
    this.options.tell({ state: "connecting" });
    const bearer = token?.();
    const socket = new WebSocket(url(), bearer ? [`cm.token.${bearer}`] : []);
    this.socket = socket;
    this.wasOpen = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.opened(socket);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.socket !== socket) return;
      this.watch(socket);
      if (this.pingedAt !== undefined && isPong(data)) this.answered(this.pingedAt);
      this.options.hear(data);
    };
    socket.onclose = ({ code }: CloseEvent) => this.lost(socket, code);
  }

  close(): void {
    this.stopTimers();
    const socket = this.socket;
    this.socket = undefined;
    socket?.close(1000);
    this.options.tell({ state: "idle" });
  }

  private opened(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.tries = 0;
    this.wasOpen = true;
    this.options.tell({ state: "live" });
    for (const [queueId, previews] of this.topics) this.say("subscribe", { queueId, previews });
    this.watch(socket);
    this.measuring = setTimeout(() => this.measure(), MEASURE_FIRST);
  }

  private measure(): void {
    this.ping();
    this.measuring = setTimeout(() => this.measure(), MEASURE_EVERY);
  }

  private ping(): void {
    this.pingedAt ??= performance.now();
    this.say("ping", {});
  }

  private answered(pingedAt: number): void {
    this.pingedAt = undefined;
    this.options.tell({ state: "live", roundTripMs: performance.now() - pingedAt });
  }

  private stopTimers(): void {
    clearTimeout(this.timer);
    clearTimeout(this.measuring);
    this.pingedAt = undefined;
  }

  /** Asks for a sign of life after some silence, and gives up on a connection that has none. */
  private watch(socket: WebSocket): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.ping();
      this.timer = setTimeout(() => {
        socket.close();
        this.lost(socket, 1006);
      }, PONG_WITHIN);
    }, PING_EVERY);
  }

  private lost(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    this.stopTimers();
    if (code === TOKEN_EXPIRED) return this.options.tell({ state: "locked" });
    if (STOP.has(code)) return this.options.tell({ state: "refused" });
    const told = code === GOING_AWAY || code === COME_BACK_LATER ? LATER : 0;
    const wait = Math.max(told, WAITS[Math.min(this.tries, WAITS.length - 1)] ?? LATER);
    this.tries += 1;
    const random = this.options.random ?? Math.random;
    const delay = wait * (0.5 + random());
    this.timer = setTimeout(() => this.connect(), delay);
    this.options.tell({ state: "waiting", retryAt: Date.now() + delay });
    if (!this.wasOpen) void this.options.isLocked?.().then((locked) => this.lock(locked));
  }

  private lock(locked: boolean): void {
    if (!locked || this.socket || this.topics.size === 0) return;
    clearTimeout(this.timer);
    this.options.tell({ state: "locked" });
  }

  private say(action: "subscribe" | "unsubscribe" | "ping", data: { queueId?: string; previews?: boolean }): void {
    // 1: open. The constant is on a class that may not be there.
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify({ action, data }));
  }
}

function isPong(data: string | ArrayBuffer): boolean {
  if (typeof data !== "string" || data.length > PONG_LENGTH) return false;
  try {
    return (JSON.parse(data) as { type?: unknown } | null)?.type === "pong";
  } catch {
    return false;
  }
}
