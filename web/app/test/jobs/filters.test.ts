import { expect, test } from "vitest";
import { addressOf, matches, queryOf, readFilters, UNFILTERED } from "../../src/routes/jobs/filters.js";
import { AT, iso, summary } from "./summary.js";

test("filters go into the address and come back from it; what is as usual is left out", () => {
  expect(addressOf(UNFILTERED)).toBe("/jobs");
  const filters = { show: "wrong", instanceId: "gpu 1", since: "30d", q: "灯台 & sea" } as const;
  const address = addressOf(filters);
  expect(readFilters(address.slice(address.indexOf("?")))).toEqual(filters);
});

test("an address that nobody wrote here is read as far as it makes sense", () => {
  expect(readFilters("?show=everything&time=yesterday&q=x")).toEqual({ ...UNFILTERED, q: "x" });
});

test("a day begins at local midnight, also for the figures", () => {
  const midnight = iso(new Date(AT).setHours(0, 0, 0, 0));
  expect(queryOf({ ...UNFILTERED, since: "today", q: " cat " }, AT)).toEqual({ today: midnight, since: midnight, q: "cat" });
  expect(queryOf({ ...UNFILTERED, since: "all", instanceId: "a" }, AT)).toEqual({ today: midnight, instanceId: "a" });
});

test("a search finds all words of a title in any order, and the beginning of an id", () => {
  const job = summary("0a1b2c3d", { title: "Lighthouse at Dusk" });
  const found = (q: string) => matches(job, { ...UNFILTERED, q }, AT);
  expect(["dusk light", " ", "0A1b", "p-0a"].map(found)).toEqual([true, true, true, true]);
  expect(["dawn", "1b2c"].map(found)).toEqual([false, false]);
});

test("what runs or waits is listed whatever the time; what has ended is not", () => {
  const old = { createdAt: iso(AT - 8 * 86_400_000) };
  expect(matches(summary("a", old), UNFILTERED, AT)).toBe(true);
  expect(matches(summary("a", { ...old, status: "completed" }), UNFILTERED, AT)).toBe(false);
});

test("a job between two attempts runs, and went wrong only when it has ended", () => {
  const retry = { retryAt: iso(AT), maxRetries: 3, error: { type: "t", message: "m" } };
  const job = summary("a", { status: "pending", retry });
  const shows = ["all", "running", "waiting", "done", "wrong"] as const;
  const listedIn = (one: typeof job) => shows.filter((show) => matches(one, { ...UNFILTERED, show }, AT));
  expect(listedIn(job)).toEqual(["all", "running"]);
  expect(listedIn(summary("a", { status: "failed" }))).toEqual(["all", "wrong"]);
  expect(listedIn(summary("a", { status: "interrupted" }))).toEqual(["all", "wrong"]);
});
