import { expect, test } from "vitest";
import { firstOf, jsonFile } from "../../src/drop/files.js";
import { liveNow, shownLeft } from "../../src/frame/live.js";
import { endedSince } from "../../src/jobs/endings.js";
import { endWords } from "../../src/notify/words.js";
import { AT, iso, summary } from "../jobs/summary.js";

test("of many running jobs the six that began first are shown, the newest last", () => {
  const jobs = Array.from({ length: 9 }, (_, at) => summary(`${at}`, { startedAt: iso(AT + at) })).reverse();
  const { shown, more, total } = liveNow([...jobs, summary("waits", { status: "pending" }), summary("done", { status: "completed" })]);
  expect([shown.map(({ title }) => title), more, total]).toEqual([["0", "1", "2", "3", "4", "5"], 3, 9]);
});

test("beside a running job stands the time left, or why there is none", () => {
  const left = (more: Parameters<typeof summary>[1], isOffline = false) => shownLeft(summary("a", more), AT, isOffline, () => "about 20 s");
  expect(left({})).toBe("about 20 s");
  expect(left({ stalledSince: iso(AT - 72_400) })).toBe("no word, 1:12");
  expect(left({ status: "pending", retry: { retryAt: iso(AT), maxRetries: 3, error: { type: "x", message: "y" } } })).toBe("retrying");
  expect(left({ overallPercentage: 66.9 }, true)).toBe("was 66%");
});

test("an end is what was known to wait or run before; what is first heard of as ended is none", () => {
  const before = [summary("a"), summary("b", { status: "pending" }), summary("c", { status: "completed" })];
  const after = [summary("a", { status: "completed" }), summary("b"), summary("c", { status: "completed" }), summary("d", { status: "failed" })];
  expect(endedSince(before, after).map(({ title }) => title)).toEqual(["a"]);
});

test("an end in words has what was made and how long it took, a failure its reason", () => {
  const done = { status: "completed", durationMs: 61_000, outputCount: 1, thumbnailUrl: "/v1/media/1/thumbnail" } as const;
  expect(endWords(summary("Lighthouse at dusk", done))).toEqual({ title: "Lighthouse at dusk is done", text: "1 image, 1:01" });
  expect(endWords(summary("Loop", { status: "completed", durationMs: 40, outputCount: 0 }))).toEqual({ title: "Loop is done", text: "0.04 s" });
  expect(endWords(summary("Poster", { status: "failed", error: { type: "x", message: "The card ran out of memory" } }))).toEqual({
    title: "Poster failed",
    text: "The card ran out of memory",
  });
});

test("of several dropped files the first that may carry a workflow is taken", () => {
  const file = (name: string, type = "") => new File([""], name, { type });
  expect(firstOf([file("notes.txt", "text/plain"), file("a.WEBP"), file("b.json")])?.name).toBe("a.WEBP");
  expect(firstOf([file("clip.mp4", "video/mp4")])).toBeUndefined();
});

test("pasted text is a file when it is a JSON object", () => {
  expect(jsonFile(' {"3": {}}')?.type).toBe("application/json");
  expect(jsonFile("{not")).toBeUndefined();
  expect(jsonFile("[1]")).toBeUndefined();
});
