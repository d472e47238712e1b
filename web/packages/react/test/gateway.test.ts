/** The live socket of a gateway: an address of its own, paid by the message, and ended when its time is up. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MonitorClient, type ClientOptions } from "../src/core/client.js";
import { GATEWAY } from "../src/core/pace.js";
import { LiveSocket, type Connection } from "../src/core/socket.js";
import type { Generation } from "../src/types/index.js";
import { FakeSocket, WebSocketLike } from "./fake.js";

const MINUTE = 60_000;
const SUBSCRIBE = { action: "subscribe", data: { queueId: "q", previews: false } };
const SNAPSHOT = { type: "snapshot", timestamp: "", queueId: "q" };
const PING = { action: "ping", data: {} };

let told: Connection[];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  told = [];
});
afterEach(() => vi.useRealTimers());

function live(random = 0.5) {
  const hear = vi.fn((data) => JSON.parse(data as string));
  const tell = (now: Connection) => void told.push(now);
  const socket = new LiveSocket({ url: () => "wss://gateway/stage", pace: GATEWAY, WebSocket: WebSocketLike, hear, tell, random: () => random });
  socket.subscribe("q");
  const first = FakeSocket.newest().open();
  first.says(SNAPSHOT);
  return { socket, hear, first };
}

const UPDATE = { type: "queue_update", timestamp: "" };
const PONG = { type: "pong", timestamp: "" };

/** Time in which the other side says something now and then, and answers what it is asked. */
function pass(ms: number, sockets = () => FakeSocket.all) {
  for (let left = ms; left > 0; left -= 5_000) {
    const asked = sockets().filter(({ sent }) => sent.at(-1)?.action === "ping");
    vi.advanceTimersByTime(Math.min(left, 5_000));
    for (const socket of sockets()) if (socket.readyState === 1) socket.says(asked.includes(socket) ? PONG : UPDATE);
  }
}

/** With a server that speaks all the time: what is said to it, and when. */
function said(first: FakeSocket, ms: number) {
  const at: number[] = [];
  for (let now = 0; now < ms; now += 1_000) {
    const before = first.sent.length;
    vi.advanceTimersByTime(1_000);
    if (first.sent.length > before) at.push(now + 1_000);
    first.says(PONG);
  }
  return at;
}

test("a page that only listens says something every few minutes: the gateway ends what is idle for ten", () => {
  const { first } = live();
  const at = said(first, 30 * MINUTE);
  expect(first.sent.slice(1).every(({ action }) => action === "ping")).toBe(true);
  const gaps = at.map((time, index) => time - (at[index - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5 * MINUTE);
  expect(at.length).toBeLessThanOrEqual(9);
});

test("what was said for other reasons spares a ping", () => {
  const { socket, first } = live();
  said(first, 3 * MINUTE);
  socket.subscribe("another");
  first.says({ ...SNAPSHOT, queueId: "another" });
  const pings = first.sent.filter(({ action }) => action === "ping").length;
  said(first, 3 * MINUTE);
  expect(first.sent.filter(({ action }) => action === "ping")).toHaveLength(pings);
  said(first, 2 * MINUTE);
  expect(first.sent.filter(({ action }) => action === "ping")).toHaveLength(pings + 1);
});

test("silence is asked about after a minute, and a connection that stays silent is given up", () => {
  const { first } = live();
  vi.advanceTimersByTime(500);
  first.says(PONG);
  const before = first.sent.length;
  vi.advanceTimersByTime(MINUTE - 1);
  expect(first.sent).toHaveLength(before);
  vi.advanceTimersByTime(1);
  expect(first.sent.at(-1)).toEqual(PING);
  vi.advanceTimersByTime(10_000 + 250);
  expect(FakeSocket.all).toHaveLength(2);
});

test.each([1000, 1001, 1006])("ended by the gateway with %i it is back at once, and asks again for everything", (code) => {
  const { first } = live();
  first.ends(code);
  expect(told.at(-1)).toEqual({ state: "waiting", retryAt: Date.now() + 250 });
  vi.advanceTimersByTime(250);
  expect(FakeSocket.all).toHaveLength(2);
  expect(FakeSocket.newest().open().sent).toEqual([SUBSCRIBE]);
  expect(told.at(-1)).toEqual({ state: "live" });
});

test("a connection is replaced before its two hours are over: the new one is asked for everything before the old one goes", () => {
  const { first, hear } = live();
  pass(112 * MINUTE);
  expect(FakeSocket.all).toHaveLength(1);
  pass(MINUTE);
  const second = FakeSocket.newest();
  expect(second).not.toBe(first);
  expect([first.readyState, second.readyState]).toEqual([1, 0]);

  hear.mockClear();
  first.says(UPDATE);
  expect(hear).toHaveBeenCalledTimes(1);
  second.open();
  expect(second.sent).toEqual([SUBSCRIBE]);
  first.says(UPDATE);
  second.says(UPDATE);
  expect(hear).toHaveBeenCalledTimes(3);

  pass(10_000);
  expect([first.readyState, second.readyState]).toEqual([3, 1]);
  first.ends(1000);
  expect(new Set(told.map(({ state }) => state))).toEqual(new Set(["connecting", "live"]));

  pass(113 * MINUTE);
  expect(FakeSocket.all).toHaveLength(3);
});

test.each([0, 0.999])("no connection is left to its limit, whatever the jitter (%f)", (random) => {
  live(random);
  pass(116 * MINUTE);
  expect(FakeSocket.all).toHaveLength(2);
});

test("a replacement that cannot be opened is tried again, and the connection stays meanwhile", () => {
  const { first } = live();
  pass(113 * MINUTE);
  FakeSocket.newest().ends(1006);
  expect(first.readyState).toBe(1);
  pass(MINUTE);
  expect(FakeSocket.all).toHaveLength(3);
  expect(told.at(-1)?.state).toBe("live");
});

test("a connection that ends while its replacement is on the way is followed by that, not by a third", () => {
  const { first } = live();
  pass(113 * MINUTE);
  first.ends(1001);
  expect(told.at(-1)).toEqual({ state: "connecting" });
  expect(FakeSocket.newest().open().sent).toEqual([SUBSCRIBE]);
  expect(told.at(-1)).toEqual({ state: "live" });
  pass(MINUTE);
  expect(FakeSocket.all).toHaveLength(2);
});

test("with the last subscription gone every connection goes, also one on its way", () => {
  const { socket } = live();
  pass(113 * MINUTE);
  socket.unsubscribe("q");
  pass(240 * MINUTE);
  expect(FakeSocket.all.map(({ readyState }) => readyState)).toEqual([3, 3]);
  expect(told.at(-1)).toEqual({ state: "idle" });
});

test("what would be larger than a frame of the gateway is not said: it would end the connection", () => {
  const { socket, first } = live();
  socket.subscribe("x".repeat(40_000));
  expect(first.sent).toEqual([SUBSCRIBE]);
});

function clientOf(options: ClientOptions) {
  const client = new MonitorClient({ WebSocket: WebSocketLike, warn: () => {}, ...options });
  client.watch("q", { previews: true });
  return { client, socket: FakeSocket.newest().open() };
}

test.each([
  ["wss://id.execute-api.eu-west-1.amazonaws.com/live", "wss://id.execute-api.eu-west-1.amazonaws.com/live"],
  ["https://id.execute-api.eu-west-1.amazonaws.com/live/", "wss://id.execute-api.eu-west-1.amazonaws.com/live"],
  ["http://127.0.0.1:4566/_aws/live", "ws://127.0.0.1:4566/_aws/live"],
  ["", "wss://api.example/v1/live"],
  [undefined, "wss://api.example/v1/live"],
])("the endpoint %s is connected to as %s", (websocketApiEndpoint, url) => {
  const { socket } = clientOf({ baseUrl: "https://api.example", ...(websocketApiEndpoint !== undefined && { websocketApiEndpoint }) });
  expect(socket.url).toBe(url);
});

test("the API is asked where it is, and what is signed elsewhere is fetched from there without a token", async () => {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response("{}"));
  const { client } = clientOf({ baseUrl: "https://api.example/prod/", websocketApiEndpoint: "wss://gateway/live", fetch, token: () => "secret" });
  const signed = "https://bucket.s3.eu-west-1.amazonaws.com/media/1?X-Amz-Signature=1";
  await client.api.generation("q");
  await client.api.bytes(signed);
  expect(fetch.mock.calls.map(([url]) => url)).toEqual(["https://api.example/prod/v1/generations/q", signed]);
  expect(fetch.mock.calls[1]?.[1]?.headers).toEqual({});
  expect([client.api.address(signed), client.api.isGuarded(signed)]).toEqual([signed, false]);
});

const HEADER = { type: "preview", queueId: "q", promptId: "p", nodeId: "3", contentType: "image/jpeg" };
const picture = (sequence: number, more = {}) => ({ ...HEADER, sequence, data: Buffer.from([sequence]).toString("base64"), ...more });

test("previews in text reach those who follow the job, and none is shown over a newer one", () => {
  const { client, socket } = clientOf({ baseUrl: "https://api.example", websocketApiEndpoint: "wss://gateway/live" });
  const shown = () => [...(client.preview("q").getSnapshot()?.image ?? [])];
  socket.says(picture(4));
  expect(shown()).toEqual([4]);
  socket.says(picture(3));
  expect(shown()).toEqual([4]);
  socket.says(picture(1, { promptId: "next attempt" }));
  expect(shown()).toEqual([1]);
});

test("a preview that comes after the end of its job is not shown", () => {
  const { client, socket } = clientOf({ baseUrl: "https://api.example", websocketApiEndpoint: "wss://gateway/live" });
  const generation = { queueId: "q", promptId: "p", status: "completed", sequence: 9, nodes: [], outputs: [], attempts: [] } as unknown as Generation;
  socket.says({ type: "snapshot", timestamp: "", queueId: "q", sequence: 9, generation });
  socket.says(picture(8));
  expect(client.preview("q").getSnapshot()).toBeUndefined();
});

test("a job that was let go of a moment ago is what is forgotten last", () => {
  const { client, socket } = clientOf({ baseUrl: "https://api.example", websocketApiEndpoint: "wss://gateway/live" });
  client.watchAll();
  const stop = client.watch("first");
  const generation = { queueId: "first", promptId: "p", status: "completed", sequence: 9, nodes: [], outputs: [], attempts: [] } as unknown as Generation;
  socket.says({ type: "snapshot", timestamp: "", queueId: "first", sequence: 9, generation });
  for (let other = 0; other < 60; other += 1) client.watch(`other ${other}`)();
  stop();
  client.watch("first");
  expect(client.job("first").getSnapshot().generation).toMatchObject({ queueId: "first" });
});

test("of a list that was cut to fit the gateway, all that wait or run are fetched, page by page", async () => {
  const summary = (queueId: string) => ({ queueId, createdAt: queueId, status: "processing", sequence: 1 });
  const pages = [{ items: [summary("a"), summary("b")], nextCursor: "b" }, { items: [summary("c")] }];
  const fetch = vi.fn(async (_url: unknown) => new Response(JSON.stringify(pages.shift())));
  const { client, socket } = clientOf({ baseUrl: "https://api.example", websocketApiEndpoint: "wss://gateway/live", fetch });
  client.watchAll();
  socket.says({ type: "snapshot", timestamp: "", queueId: "*", generations: [summary("c")], instances: [], truncated: true });
  await vi.advanceTimersByTimeAsync(300);
  expect(client.liveOrder.getSnapshot().running).toEqual(["c", "b", "a"]);
  const asked = "https://api.example/v1/generations?status=pending%2Cprocessing&limit=200";
  expect(fetch.mock.calls.map(([url]) => url)).toEqual([asked, `${asked}&cursor=b`]);
});

test("outputs that were cut to fit the gateway are added to those that are known, and the rest is fetched", async () => {
  const ofJob = { queueId: "q", promptId: "p", attempt: 1, timestamp: "" };
  const output = (mediaId: string) => ({ mediaId, nodeId: "9", kind: "image", preview: false, status: "stored" });
  const job = { ...ofJob, status: "processing", sequence: 1, nodes: [], attempts: [{ number: 1 }], overallPercentage: 0, outputs: [output("a")] };
  const whole = { ...job, status: "completed", sequence: 3, outputs: ["a", "b", "c"].map(output) };
  const fetch = vi.fn(async () => new Response(JSON.stringify(whole)));
  const { client, socket } = clientOf({ baseUrl: "https://api.example", websocketApiEndpoint: "wss://gateway/live", fetch });
  client.watch("q");
  const shown = () => client.job("q").getSnapshot().generation?.outputs.map(({ mediaId }) => mediaId);
  socket.says({ ...SNAPSHOT, generation: job });
  socket.says({ ...ofJob, type: "completed", status: "completed", sequence: 4, outputs: [output("c")], message: "", truncated: true });
  expect(shown()).toEqual(["a", "c"]);
  await vi.advanceTimersByTimeAsync(300);
  expect(shown()).toEqual(["a", "b", "c"]);
  expect(fetch).toHaveBeenCalledTimes(1);
});
