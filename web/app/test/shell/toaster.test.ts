import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Toaster } from "../../src/toasts/toaster.js";

let toaster: Toaster;
const note = (title: string) => ({ tone: "note" as const, title });
const titles = () => toaster.get().map(({ title }) => title);

beforeEach(() => {
  vi.useFakeTimers();
  toaster = new Toaster();
});
afterEach(() => vi.useRealTimers());

test("a toast goes after six seconds, or when it is told to", () => {
  toaster.tell(note("a"));
  vi.advanceTimersByTime(5_999);
  expect(titles()).toEqual(["a"]);
  vi.advanceTimersByTime(1);
  expect(titles()).toEqual([]);
  const takeBack = toaster.tell({ ...note("b"), forMs: 60_000 });
  takeBack();
  expect(titles()).toEqual([]);
});

test("there are at most three, and the oldest that is no error makes room", () => {
  toaster.tell({ tone: "failed", title: "error" });
  for (const title of ["a", "b", "c"]) toaster.tell(note(title));
  expect(titles()).toEqual(["error", "b", "c"]);
});

test("four errors are still three toasts: the oldest goes", () => {
  for (const title of ["1", "2", "3", "4"]) toaster.tell({ tone: "failed", title });
  expect(titles()).toEqual(["2", "3", "4"]);
});

test("errors stay until they are closed", () => {
  toaster.tell({ tone: "failed", title: "error" });
  vi.advanceTimersByTime(3_600_000);
  expect(titles()).toEqual(["error"]);
  toaster.close(toaster.get()[0]?.id ?? 0);
  expect(titles()).toEqual([]);
});

test("while one is pointed at none goes, and afterwards each has the time it had left", () => {
  toaster.tell(note("a"));
  vi.advanceTimersByTime(4_000);
  toaster.pause();
  toaster.tell(note("b"));
  vi.advanceTimersByTime(60_000);
  expect(titles()).toEqual(["a", "b"]);
  toaster.resume();
  vi.advanceTimersByTime(2_000);
  expect(titles()).toEqual(["b"]);
  vi.advanceTimersByTime(4_000);
  expect(titles()).toEqual([]);
});
