import type { Instance } from "@comfyui-monitor/react";
import { expect, test } from "vitest";
import { addresses, allAway, names } from "../../src/connection/away.js";
import { again, isDemo, shownConnection } from "../../src/connection/words.js";

const NOW = new Date(2026, 10, 14, 21, 46, 58).getTime();
const shown = (connection: Parameters<typeof shownConnection>[0]["connection"], more: { lostAt?: number; isOffline?: boolean; isDemo?: boolean } = {}) =>
  shownConnection({ connection, isOffline: false, isDemo: false, ...more }, NOW);
const instance = (state: Instance["state"], more: Partial<Instance> = {}) =>
  ({ instanceId: "a", name: "a", url: "http://localhost:8188", state, devices: [], running: [], waiting: [], clientId: "c", since: "", today: { done: 0, failed: 0, busyPercentage: 0 }, ...more }) satisfies Instance;

test("a live connection has its round trip, once it is known", () => {
  expect(shown({ state: "live" })).toEqual({ kind: "live", word: "Live" });
  expect(shown({ state: "live", roundTripMs: 3.4 })).toEqual({ kind: "live", word: "Live", note: "3 ms" });
  expect(shown({ state: "live", roundTripMs: 0.2 }).note).toBe("1 ms");
});

test("it comes back by itself at first, then it is offline and says of when the page is", () => {
  expect(shown({ state: "waiting", retryAt: NOW + 3_200 }, { lostAt: NOW })).toEqual({ kind: "reconnecting", word: "Reconnecting", note: "in 4 s" });
  expect(shown({ state: "connecting" }, { lostAt: NOW }).note).toBe("now");
  expect(shown({ state: "waiting", retryAt: NOW }, { lostAt: NOW, isOffline: true })).toEqual({ kind: "offline", word: "Offline", note: "shown as of 21:46" });
});

test("before there was ever a connection nothing is called lost", () => {
  expect(shown({ state: "connecting" })).toEqual({ kind: "connecting", word: "Connecting" });
  expect(shown({ state: "waiting", retryAt: NOW }, { isOffline: true })).toEqual({ kind: "offline", word: "Offline" });
});

test("a wanted token and a refusal are told apart from a network that is away", () => {
  expect(shown({ state: "locked" }, { isOffline: true }).kind).toBe("locked");
  expect(shown({ state: "refused" }, { isOffline: true }).kind).toBe("refused");
});

test("it is called a demo when nothing real runs at all", () => {
  expect(isDemo([])).toBe(false);
  expect(isDemo([instance("connected", { demo: true })])).toBe(true);
  expect(isDemo([instance("connected", { demo: true }), instance("connected")])).toBe(false);
  expect(shown({ state: "live", roundTripMs: 3 }, { isDemo: true })).toEqual({ kind: "demo", word: "Demo", note: "a recording" });
});

test("a try that is due is never said to be in 0 s", () => {
  expect(again({ state: "waiting", retryAt: NOW - 10 }, NOW)).toBe("in 1 s");
});

test("ComfyUI is away when no server answers, not while one does or all are still being tried", () => {
  expect(allAway([instance("disconnected"), instance("disconnected")])).toHaveLength(2);
  expect(allAway([instance("disconnected"), instance("polling")])).toEqual([]);
  expect(allAway([instance("connecting")])).toEqual([]);
  expect(allAway([])).toEqual([]);
});

test("servers that are away are named by their address", () => {
  const at = (url: string) => ({ url });
  expect(addresses([at("http://localhost:8188/")])).toBe("localhost:8188");
  expect(addresses([at("localhost:8188")])).toBe("localhost:8188");
  expect(addresses([at("http://a:1"), at("https://b:2")])).toBe("a:1 and b:2");
  expect(addresses([at("http://a:1"), at("http://b:2"), at("http://c:3")])).toBe("a:1 and 2 others");
});

test("and by their name where their addresses say nothing here", () => {
  const called = (...all: string[]) => names(all.map((name) => ({ name })));
  expect([called("gpu-1"), called("gpu-1", "gpu-2"), called("gpu-1", "gpu-2", "gpu-3")]).toEqual(["gpu-1", "gpu-1 and gpu-2", "gpu-1 and 2 others"]);
});
