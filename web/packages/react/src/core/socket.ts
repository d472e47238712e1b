/** The live socket: it comes back by itself and asks again for what it was asked for. */
import type { Frame } from "../types/index.js";
import { OWN, type Pace } from "./pace.js";
import { Subscriptions } from "./subscriptions.js";
import { isToken } from "./token.js";

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
  /** Absent: the monitor's own. */
  pace?: Pace;
  token?: (() => string | undefined) | undefined;
  WebSocket?: typeof globalThis.WebSocket | undefined;
  /** A text or binary message; gives the frame that it was, if it was one. */
  hear: (data: string | ArrayBuffer) => Frame | undefined;
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
/** Silence that long after a ping: the connection is dead, whatever the system believes (ms). */
const PONG_WITHIN = 10_000;
/** The way there and back is measured soon after the snapshots have come (ms). */
const MEASURE_FIRST = 500;
/** How long the replaced connection is heard beside the new one, whose snapshots are on their way (ms). */
const OVERLAP = 10_000;
/** After a replacement that could not be opened, before jitter: the one it was for is there still (ms). */
const RENEW_AGAIN = 60_000;
/** A gateway ends a connection over a larger frame, and with it all that is followed. */
const MOST_SAID = 32_000;

const NORMAL = 1000;
const STOP = new Set([NORMAL, 1002, 1003, 1007, 1008, 1009]);
const GOING_AWAY = 1001;
const COME_BACK_LATER = 4001;
const TOKEN_EXPIRED = 4003;

export class LiveSocket {
  private socket: WebSocket | undefined;
  /** Opened to replace it before its time is up. */
  private next: WebSocket | undefined;
  /** Replaced, and heard until the new one has told where everything is. */
  private last: WebSocket | undefined;
  private readonly pace: Pace;
  private tries = 0;
  /** The newest connection was open once. */
  private wasOpen = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private measuring: ReturnType<typeof setTimeout> | undefined;
  private renewing: ReturnType<typeof setTimeout> | undefined;
  private leaving: ReturnType<typeof setTimeout> | undefined;
  private saidAt = 0;
  /** When the ping was sent that has no answer yet. */
  private pingedAt: number | undefined;
  private readonly subscriptions = new Subscriptions((action, data) => this.say(action, data));

  constructor(private readonly options: SocketOptions) {
    this.pace = options.pace ?? OWN;
  }

  /** Follows a generation, or all (`*`); again changes `previews`. Connects where it is not. */
  subscribe(queueId: string, previews = false): void {
    if (this.subscriptions.want(queueId, previews)) this.connect();
  }

  /** With the last one gone, the connection goes too. */
  unsubscribe(queueId: string): void {
    if (this.subscriptions.want(queueId, undefined) && this.subscriptions.isEmpty) this.close();
  }

  /** Has a gateway tell again where all of it is; the monitor itself does so only to those who are new. */
  renew(queueId: string): void {
    this.subscriptions.renew(queueId);
  }

  /** Now rather than when it is due: the network is back, the page is looked at again, there is a token. */
  connect(): void {
    if (this.socket || this.subscriptions.isEmpty) return;
    clearTimeout(this.timer);
    this.options.tell({ state: "connecting" });
    this.wasOpen = false;
    this.socket = this.dial();
    if (!this.socket) this.options.tell({ state: "locked" });
  }

  close(): void {
    this.stopTimers();
    clearTimeout(this.leaving);
    const sockets = [this.socket, this.next, this.last];
    this.socket = this.next = this.last = undefined;
    for (const socket of sockets) socket?.close(NORMAL);
    this.options.tell({ state: "idle" });
  }

  /** `undefined`: the token is none, and a browser would not take it. */
  private dial(): WebSocket | undefined {
    const { url, token, WebSocket = globalThis.WebSocket } = this.options;
    const bearer = token?.();
    if (bearer && !isToken(bearer)) return undefined;
    const socket = new WebSocket(url(), bearer ? [`cm.token.${bearer}`] : []);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.opened(socket);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket && socket !== this.last) return;
      const frame = this.options.hear(data);
      if (socket !== this.socket) return;
      this.watch(socket);
      if (!frame) return;
      this.subscriptions.hear(frame);
      if (this.pingedAt !== undefined && frame.type === "pong") this.answered(this.pingedAt);
    };
    socket.onclose = ({ code }: CloseEvent) => this.lost(socket, code);
    return socket;
  }

  private opened(socket: WebSocket): void {
    if (socket === this.next) this.replace(socket);
    else if (socket !== this.socket) return;
    else this.options.tell({ state: "live" });
    this.tries = 0;
    this.wasOpen = true;
    this.subscriptions.begin();
    this.watch(socket);
    this.measuring = setTimeout(() => this.measure(0), MEASURE_FIRST);
    if (this.pace.renewAfter !== undefined) this.renewIn(this.pace.renewAfter + this.random() * (this.pace.renewWithin ?? 0));
  }

  /** The new one is asked for everything; nothing is missed meanwhile, and what comes twice is dropped by its sequence. */
  private replace(socket: WebSocket): void {
    this.stopTimers();
    clearTimeout(this.leaving);
    this.last?.close(NORMAL);
    this.last = this.socket;
    this.socket = socket;
    this.next = undefined;
    this.leaving = setTimeout(() => {
      this.last?.close(NORMAL);
      this.last = undefined;
    }, OVERLAP);
  }

  private renewIn(ms: number): void {
    clearTimeout(this.renewing);
    this.renewing = setTimeout(() => {
      this.next ??= this.dial();
    }, ms);
  }

  /** Asks where nothing was said for that long. */
  private measure(quiet: number): void {
    const rest = quiet - (performance.now() - this.saidAt);
    if (rest <= 0) this.ping();
    this.measuring = setTimeout(() => this.measure(this.pace.quiet), rest <= 0 ? this.pace.quiet : rest);
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
    clearTimeout(this.renewing);
    this.subscriptions.end();
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
    }, this.pace.silence);
  }

  private lost(socket: WebSocket, code: number): void {
    if (socket === this.last) this.last = undefined;
    if (socket === this.next) {
      this.next = undefined;
      this.renewIn(RENEW_AGAIN * (0.5 + this.random()));
    }
    if (socket !== this.socket) return;
    this.socket = undefined;
    this.stopTimers();
    if (this.next) return this.await(this.next);
    if (code === TOKEN_EXPIRED) return this.options.tell({ state: "locked" });
    const ofTime = this.pace.endsConnections && (code === NORMAL || code === GOING_AWAY);
    if (STOP.has(code) && !ofTime) return this.options.tell({ state: "refused" });
    const told = code === COME_BACK_LATER || (code === GOING_AWAY && !ofTime) ? LATER : 0;
    const wait = Math.max(told, WAITS[Math.min(this.tries, WAITS.length - 1)] ?? LATER);
    this.tries += 1;
    const delay = wait * (0.5 + this.random());
    this.timer = setTimeout(() => this.connect(), delay);
    this.options.tell({ state: "waiting", retryAt: Date.now() + delay });
    if (!this.wasOpen) void this.options.isLocked?.().then((locked) => this.lock(locked));
  }

  /** The one that was to replace it is on its way. */
  private await(next: WebSocket): void {
    this.socket = next;
    this.next = undefined;
    this.wasOpen = false;
    this.options.tell({ state: "connecting" });
  }

  private random(): number {
    return (this.options.random ?? Math.random)();
  }

  private lock(locked: boolean): void {
    if (!locked || this.socket || this.subscriptions.isEmpty) return;
    clearTimeout(this.timer);
    this.options.tell({ state: "locked" });
  }

  /** Gives whether it went out. */
  private say(action: "subscribe" | "unsubscribe" | "ping", data: { queueId?: string; previews?: boolean }): boolean {
    // 1: open. The constant is on a class that may not be there.
    if (this.socket?.readyState !== 1) return false;
    const text = JSON.stringify({ action, data });
    // No generation has an id of that length.
    if (text.length > MOST_SAID) return false;
    this.socket.send(text);
    this.saidAt = performance.now();
    return true;
  }
}
