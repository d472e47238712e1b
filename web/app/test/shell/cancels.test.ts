import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Cancels, HELD_FOR } from "../../src/jobs/cancels.js";

const send = vi.fn<(queueId: string) => Promise<void>>();
const failed = vi.fn();
const job = (queueId: string) => ({ queueId, title: queueId });
let cancels: Cancels;

beforeEach(() => {
  vi.useFakeTimers();
  send.mockReset().mockResolvedValue();
  failed.mockReset();
  cancels = new Cancels({ send, failed });
});
afterEach(() => vi.useRealTimers());

test("a running job is cancelled at once, and shown as being cancelled until it is heard to have ended", () => {
  cancels.now(job("a"));
  expect(send).toHaveBeenCalledExactlyOnceWith("a");
  vi.advanceTimersByTime(60_000);
  expect(cancels.get()).toContain("a");
  cancels.ended(["a", "b"]);
  expect(cancels.get().size).toBe(0);
});

test("the call for a waiting job is held for five seconds", () => {
  cancels.hold(job("a"));
  expect(cancels.get()).toContain("a");
  vi.advanceTimersByTime(HELD_FOR - 1);
  expect(send).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(send).toHaveBeenCalledExactlyOnceWith("a");
});

test("what is taken back in time is never sent; later it is too late", () => {
  cancels.hold(job("a"));
  cancels.hold(job("b"));
  cancels.takeBack("a");
  expect([...cancels.get()]).toEqual(["b"]);
  vi.advanceTimersByTime(HELD_FOR);
  cancels.takeBack("b");
  expect([...cancels.get()]).toEqual(["b"]);
  expect(send.mock.calls).toEqual([["b"]]);
});

test("when the page goes all that is held is sent at once, and not again", () => {
  cancels.hold(job("a"));
  cancels.hold(job("b"));
  cancels.sendHeld();
  cancels.sendHeld();
  vi.advanceTimersByTime(HELD_FOR);
  expect(send.mock.calls).toEqual([["a"], ["b"]]);
});

test("a job that ends by itself while the call is held is not cancelled", () => {
  cancels.hold(job("a"));
  cancels.ended(["a"]);
  vi.advanceTimersByTime(HELD_FOR);
  expect(send).not.toHaveBeenCalled();
});

test("a wish that is repeated while it is held does not put the call off", () => {
  cancels.hold(job("a"));
  vi.advanceTimersByTime(HELD_FOR - 1);
  cancels.hold(job("a"));
  vi.advanceTimersByTime(1);
  expect(send).toHaveBeenCalledOnce();
});

test("a call that fails is told, and the job is as it was", async () => {
  const problem = new Error("ended");
  send.mockRejectedValue(problem);
  cancels.now(job("a"));
  await vi.advanceTimersByTimeAsync(0);
  expect(failed).toHaveBeenCalledExactlyOnceWith(job("a"), problem);
  expect(cancels.get().size).toBe(0);
});
