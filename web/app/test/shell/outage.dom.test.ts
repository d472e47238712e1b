// @vitest-environment jsdom
import type { Connection } from "@comfyui-monitor/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { outage, watchOutage } from "../../src/connection/outage.js";
import { Store } from "../../src/store.js";

const reconnect = vi.fn();
let connection: Store<Connection>;
let stop: () => void;
const isDimmed = () => document.documentElement.hasAttribute("data-offline");

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  reconnect.mockReset();
  connection = new Store<Connection>({ state: "live" });
  stop = watchOutage({ connection: { getSnapshot: connection.get, subscribe: connection.subscribe }, reconnect });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test("a connection that is back within two seconds dims nothing", () => {
  connection.set({ state: "waiting", retryAt: 0 });
  expect(outage.get()).toEqual({ lostAt: 1_000_000, isTold: false });
  vi.advanceTimersByTime(1_900);
  connection.set({ state: "connecting" });
  connection.set({ state: "live" });
  vi.advanceTimersByTime(60_000);
  expect(outage.get()).toEqual({ isTold: false });
  expect(isDimmed()).toBe(false);
});

test("one that stays away is told from the moment it was lost, through all tries, until it is back", () => {
  connection.set({ state: "waiting", retryAt: 0 });
  vi.advanceTimersByTime(1_000);
  connection.set({ state: "connecting" });
  connection.set({ state: "waiting", retryAt: 0 });
  vi.advanceTimersByTime(1_000);
  expect(outage.get()).toEqual({ lostAt: 1_000_000, isTold: true });
  expect(isDimmed()).toBe(true);
  connection.set({ state: "live", roundTripMs: 2 });
  expect(isDimmed()).toBe(false);
});

test("a wanted token is told at once", () => {
  connection.set({ state: "locked" });
  expect(outage.get().isTold).toBe(true);
});

test("when the network or the reader comes back it does not wait for its turn", () => {
  dispatchEvent(new Event("online"));
  expect(reconnect).not.toHaveBeenCalled();
  connection.set({ state: "waiting", retryAt: 0 });
  dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  expect(reconnect).toHaveBeenCalledTimes(2);
});
