import { expect, test, vi } from "vitest";
import { part } from "../../src/parts.js";

/** A monitor whose connection is as told. */
function monitor(state: string) {
  const hearers = new Set<() => void>();
  const connection = { getSnapshot: () => ({ state }), subscribe: (hear: () => void) => (hearers.add(hear), () => void hearers.delete(hear)) };
  const become = (next: string) => {
    state = next;
    for (const hear of [...hearers]) hear();
  };
  return { given: { connection } as never, become, hearers };
}

const nothing = async () => {
  throw new Error("Failed to fetch dynamically imported module");
};

test("a part that cannot be fetched without a connection comes with the connection", async () => {
  const { given, become, hearers } = monitor("waiting");
  const load = vi.fn(nothing as () => Promise<string>);
  const got = part(load, { monitor: given })();
  await vi.waitFor(() => expect(hearers.size).toBe(1));
  become("connecting");
  expect(load).toHaveBeenCalledTimes(1);
  load.mockResolvedValue("the page");
  become("live");
  expect(await got).toBe("the page");
  expect(hearers.size).toBe(0);
});

test("a part that a newer monitor no longer has makes the page load anew, and where that was done it is an error", async () => {
  vi.useFakeTimers();
  const { given } = monitor("live");
  const anew = vi.fn(() => true);
  void part(nothing, { monitor: given, anew })();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(anew).toHaveBeenCalledTimes(1);
  const failed = expect(part(nothing, { monitor: given, anew: () => false })()).rejects.toThrow("dynamically imported");
  await vi.advanceTimersByTimeAsync(5_000);
  await failed;
  vi.useRealTimers();
});
