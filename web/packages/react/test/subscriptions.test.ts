/** What is said about a topic, to a side where words may overtake each other and get lost. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GATEWAY } from "../src/core/pace.js";
import { LiveSocket } from "../src/core/socket.js";
import { FakeSocket, WebSocketLike } from "./fake.js";

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
});
afterEach(() => vi.useRealTimers());

const confirmed = { type: "subscription_confirmed", timestamp: "", queueId: "q" };
const unconfirmed = { ...confirmed, type: "unsubscription_confirmed" };
const snapshot = { ...confirmed, type: "snapshot" };

/** Everything is followed, and answered; of `q` it is up to the test. */
function live() {
  const hear = (data: string | ArrayBuffer) => JSON.parse(data as string);
  const socket = new LiveSocket({ url: () => "wss://gateway/stage", pace: GATEWAY, WebSocket: WebSocketLike, hear, tell: () => {}, random: () => 0.5 });
  socket.subscribe("*");
  const first = FakeSocket.newest().open();
  first.says({ ...snapshot, queueId: "*" });
  return { socket, first };
}

/** Minutes in which the other side is there, and says nothing of `q`. */
function pass(minutes: number, socket: FakeSocket) {
  for (let minute = 0; minute < minutes; minute += 1) {
    socket.says({ type: "pong", timestamp: "" });
    vi.advanceTimersByTime(60_000);
  }
}

const said = (socket = FakeSocket.newest()) => socket.sent.filter(({ data }) => data.queueId === "q").map(({ action, data }) => (data.previews ? `${action} previews` : action));

test("what is let go of and wanted again at once is not let go of at all", () => {
  const { socket, first } = live();
  socket.subscribe("q", true);
  first.says(snapshot);
  socket.unsubscribe("q");
  socket.subscribe("q");
  socket.subscribe("q", true);
  pass(1, first);
  expect(said()).toEqual(["subscribe previews"]);
});

test("what stays let go of is said to be, a moment later", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  first.says(snapshot);
  socket.unsubscribe("q");
  vi.advanceTimersByTime(2_000);
  first.says(unconfirmed);
  pass(60, first);
  expect(said()).toEqual(["subscribe", "unsubscribe"]);
});

test("one word about a topic is on its way at a time, and the newest wish comes after it", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  socket.subscribe("q", true);
  expect(said()).toEqual(["subscribe"]);
  first.says(confirmed);
  first.says(snapshot);
  expect(said()).toEqual(["subscribe", "subscribe previews"]);
  first.says(confirmed);
  pass(60, first);
  expect(said()).toHaveLength(2);
});

test("a subscription without an answer is said again, ever more seldom and not for ever", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  vi.advanceTimersByTime(9_999);
  expect(said()).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(said()).toHaveLength(2);
  vi.advanceTimersByTime(19_999);
  expect(said()).toHaveLength(2);
  pass(60, first);
  expect(said(first)).toHaveLength(6);
  socket.subscribe("q", true);
  expect(said(first)).toHaveLength(7);
});

test("a subscription that was confirmed and whose snapshot got lost is said again", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  first.says(confirmed);
  vi.advanceTimersByTime(10_000);
  expect(said()).toEqual(["subscribe", "subscribe"]);
  first.says(snapshot);
  pass(60, first);
  expect(said()).toHaveLength(2);
});

test("what was let go of, and has overtaken what wanted it again, is subscribed to again", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  first.says(snapshot);
  first.says(unconfirmed);
  expect(said()).toEqual(["subscribe", "subscribe"]);
});

test("what is wanted again while it is being let go of is asked for when that is confirmed", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  first.says(snapshot);
  socket.unsubscribe("q");
  vi.advanceTimersByTime(1_000);
  socket.subscribe("q");
  expect(said()).toEqual(["subscribe", "unsubscribe"]);
  first.says(unconfirmed);
  expect(said()).toEqual(["subscribe", "unsubscribe", "subscribe"]);
});

test("the connection before answers for itself alone", () => {
  const { socket, first } = live();
  socket.subscribe("q");
  first.says(snapshot);
  pass(113, first);
  const second = FakeSocket.newest().open();
  expect(second).not.toBe(first);
  first.says(snapshot);
  vi.advanceTimersByTime(10_000);
  expect(said(second)).toEqual(["subscribe", "subscribe"]);
});
