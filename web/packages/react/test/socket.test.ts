import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveSocket, type Connection } from "../src/core/socket.js";
import { FakeSocket, WebSocketLike } from "./fake.js";

let told: Connection[];

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  told = [];
});
afterEach(() => vi.useRealTimers());

function live(more: { token?: () => string; isLocked?: () => Promise<boolean> } = {}) {
  const hear = vi.fn((data) => JSON.parse(data as string));
  const tell = (now: Connection) => void told.push(now);
  // In the middle of the jitter: waits are as in the table.
  const socket = new LiveSocket({ url: () => "ws://monitor/v1/live", WebSocket: WebSocketLike, hear, tell, random: () => 0.5, ...more });
  return { socket, hear };
}

test("a subscription made before the connection is open is said when it opens, and again after a reconnect", () => {
  const { socket } = live();
  socket.subscribe("q", true);
  const first = FakeSocket.newest().open();
  expect(first.sent).toEqual([{ action: "subscribe", data: { queueId: "q", previews: true } }]);
  first.ends(1006);
  vi.advanceTimersByTime(250);
  expect(FakeSocket.all).toHaveLength(2);
  expect(FakeSocket.newest().open().sent).toEqual(first.sent);
  expect(told.map(({ state }) => state)).toEqual(["connecting", "live", "waiting", "connecting", "live"]);
});

test("waits between tries grow, and start again after a connection that was open", () => {
  const { socket } = live();
  socket.subscribe("q");
  for (const wait of [250, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    const count = FakeSocket.all.length;
    FakeSocket.newest().ends(1006);
    vi.advanceTimersByTime(wait - 1);
    expect(FakeSocket.all).toHaveLength(count);
    vi.advanceTimersByTime(1);
    expect(FakeSocket.all).toHaveLength(count + 1);
  }
  FakeSocket.newest().open().ends(4002);
  expect(told.at(-1)).toEqual({ state: "waiting", retryAt: Date.now() + 250 });
});

test.each([1001, 4001])("close code %i is told to everybody, so nobody comes back at once", (code) => {
  const { socket } = live();
  socket.subscribe("q");
  FakeSocket.newest().open().ends(code);
  expect(told.at(-1)).toEqual({ state: "waiting", retryAt: Date.now() + 2_000 });
});

test.each([1008, 1009])("after close code %i it does not come back by itself", (code) => {
  const { socket } = live();
  socket.subscribe("q");
  FakeSocket.newest().open().ends(code);
  vi.advanceTimersByTime(3_600_000);
  expect(FakeSocket.all).toHaveLength(1);
  expect(told.at(-1)).toEqual({ state: "refused" });
});

test("an expired token locks it until it is told to connect, with the new token", () => {
  let token = "old";
  const { socket } = live({ token: () => token });
  socket.subscribe("q");
  expect(FakeSocket.newest().protocols).toEqual(["cm.token.old"]);
  FakeSocket.newest().open().ends(4003);
  vi.advanceTimersByTime(3_600_000);
  expect(told.at(-1)).toEqual({ state: "locked" });
  token = "new";
  socket.connect();
  expect(FakeSocket.newest().protocols).toEqual(["cm.token.new"]);
});

test.each(["a/b=", "Bearer x", "schlüssel"])("a token that a browser would not send locks it, and opens nothing (%s)", (token) => {
  const { socket } = live({ token: () => token });
  socket.subscribe("q");
  expect([FakeSocket.all.length, told.at(-1)]).toEqual([0, { state: "locked" }]);
});

test("a token that was refused from the start locks it too", async () => {
  const { socket } = live({ isLocked: async () => true });
  socket.subscribe("q");
  FakeSocket.newest().ends(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(told.at(-1)).toEqual({ state: "locked" });
});

test("silence is asked about, and a connection that stays silent is given up", () => {
  const { socket, hear } = live();
  socket.subscribe("q");
  const first = FakeSocket.newest().open();
  vi.advanceTimersByTime(20_000);
  expect(first.sent.at(-1)).toEqual({ action: "ping", data: {} });
  first.says({ type: "pong", timestamp: "" });
  expect(hear).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(20_000 + 10_000 + 250);
  expect(FakeSocket.all).toHaveLength(2);
});

test("the way there and back is measured soon after it opens, and again while other frames keep coming", () => {
  const { socket } = live();
  socket.subscribe("q");
  const first = FakeSocket.newest().open();
  first.says({ type: "snapshot", timestamp: "", queueId: "q" });
  vi.advanceTimersByTime(500);
  expect(first.sent.at(-1)).toEqual({ action: "ping", data: {} });
  vi.advanceTimersByTime(12);
  first.says({ type: "queue_update", timestamp: "" });
  expect(told.at(-1)).toEqual({ state: "live" });
  first.says({ type: "pong", timestamp: "" });
  expect(told.at(-1)).toEqual({ state: "live", roundTripMs: 12 });
  for (let second = 0; second < 20; second++) {
    vi.advanceTimersByTime(1_000);
    first.says({ type: "queue_update", timestamp: "" });
  }
  vi.advanceTimersByTime(18);
  first.says({ type: "pong", timestamp: "" });
  expect(told.at(-1)).toEqual({ state: "live", roundTripMs: 30 });
});

test("a pong that comes before it was asked for measures nothing", () => {
  const { socket } = live();
  socket.subscribe("q");
  FakeSocket.newest().open().says({ type: "pong", timestamp: "" });
  expect(told.at(-1)).toEqual({ state: "live" });
});

test("with the last subscription gone the connection goes, and nothing more is heard of it", () => {
  const { socket, hear } = live();
  socket.subscribe("q");
  const only = FakeSocket.newest().open();
  socket.unsubscribe("q");
  expect(only.readyState).toBe(3);
  only.says({ type: "pong", timestamp: "" });
  only.ends(1000);
  vi.advanceTimersByTime(3_600_000);
  expect(hear).not.toHaveBeenCalled();
  expect([FakeSocket.all.length, told.at(-1)]).toEqual([1, { state: "idle" }]);
});
