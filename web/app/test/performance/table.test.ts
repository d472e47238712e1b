import type { ClassPerformance, CostDriver } from "@comfyui-monitor/react";
import { describe, expect, test } from "vitest";
import { axisOf, placeOf, ticksPath } from "../../src/routes/performance/axis.js";
import {
  driverName,
  driversSentence,
  driverValues,
  isolationWords,
  shareWords,
  spreadWords,
  took,
} from "../../src/routes/performance/drivers.js";
import { BY_SHARE, inHeldOrder, inOrder, nextSort } from "../../src/routes/performance/sorting.js";

function cost(classType: string, more: Partial<ClassPerformance> = {}): ClassPerformance {
  return { classType, title: classType, kind: "other", runs: 1, medianMs: 10, p90Ms: 20, share: 1, ticks: [10], drivers: [], ...more };
}

const named = (items: ClassPerformance[]) => items.map(({ classType }) => classType).join(" ");

describe("the order", () => {
  const items = [cost("a", { share: 5, runs: 9, title: "K 10" }), cost("b", { share: 5, runs: 2, title: "K 9" }), cost("c", { share: 60, runs: 5, title: "é" })];

  test("is by share first, and equals stay as they came", () => {
    expect(named(inOrder(items, BY_SHARE))).toBe("c a b");
  });

  test("is by any column, names as people sort them", () => {
    expect(named(inOrder(items, { by: "runs", descending: false }))).toBe("b c a");
    expect(named(inOrder(items, { by: "title", descending: false }))).toBe("c b a");
  });

  test("turns round at the second click, and begins with what is asked for most", () => {
    expect(nextSort(BY_SHARE, "share")).toEqual({ by: "share", descending: false });
    expect(nextSort(BY_SHARE, "runs")).toEqual({ by: "runs", descending: true });
    expect(nextSort(BY_SHARE, "title")).toEqual({ by: "title", descending: false });
  });

  test("is held while the table is pointed at, and what is new comes last", () => {
    expect(named(inHeldOrder([cost("new"), ...items], ["b", "a", "c"]))).toBe("b a c new");
  });
});

describe("the log axis", () => {
  test("goes from the mark under the shortest run to the one over the longest", () => {
    const axis = axisOf([cost("a", { ticks: [20, 900] }), cost("b", { ticks: [4000, 9500] })]);
    expect([axis.minMs, axis.maxMs]).toEqual([10, 10_000]);
    expect(axis.marks.map(({ label }) => label)).toEqual(["10 ms", "0.1 s", "1 s", "10 s"]);
    expect(axis.marks.map(({ at }) => Math.round(at))).toEqual([0, 33, 67, 100]);
  });

  test("has a place for what took no time, and for what took days", () => {
    const axis = axisOf([cost("a", { ticks: [0, 9e9] })]);
    expect(placeOf(0, axis)).toBe(0);
    expect(placeOf(9e9, axis)).toBe(100);
    expect(axis.marks.length).toBeLessThanOrEqual(6);
  });

  test("is one where nothing has run, and where all took the same", () => {
    expect(axisOf([]).marks.length).toBeGreaterThan(0);
    const axis = axisOf([cost("a", { ticks: [1000], medianMs: 1000 })]);
    expect(placeOf(1000, axis)).toBe(0);
    expect(axis.maxMs).toBe(10_000);
  });

  test("has ticks that are drawn once where they would cover each other", () => {
    const axis = { minMs: 1, maxMs: 100, marks: [] };
    expect(ticksPath([1, 10, 10, 100], axis, 5, 10)).toBe("M0 5v10M50 5v10M100 5v10");
  });
});

describe("cost drivers", () => {
  const steps: CostDriver = { name: "steps", medianMsByValue: { "20": 1000, "8": 400, "100": 5000 }, isolated: true };

  test("have names and values in words", () => {
    expect([driverName("pixels"), driverName("upscale_method"), driverName("constructor")]).toEqual(["Size", "Upscale method", "Constructor"]);
    const words = (name: string, ...values: string[]) =>
      driverValues({ name, medianMsByValue: Object.fromEntries(values.map((value, i) => [value, i])), isolated: true }).map((value) => value.words);
    expect(words("pixels", "4096", "1048576")).toEqual(["4\u202f096 pixels", "1.05 MP"]);
    expect(words("load", "warm", "cold")).toEqual(["was loaded", "had to be loaded"]);
    expect(words("model", "", "toString")).toEqual(["empty", "toString"]);
  });

  test("stand in the order of their numbers, else of their time", () => {
    expect(driverValues(steps).map(({ value, width }) => [value, width])).toEqual([["8", 8], ["20", 20], ["100", 100]]);
    const models = driverValues({ name: "model", medianMsByValue: { b: 9, a: 90, c: 1 }, isolated: false });
    expect(models.map(({ value }) => value)).toEqual(["c", "b", "a"]);
  });

  test("say how much they matter, and what that is worth", () => {
    expect(spreadWords(steps)).toBe("up to 12 times as long");
    expect(spreadWords({ ...steps, medianMsByValue: { "1": 1000, "2": 1300 } })).toBe("up to 30% longer");
    expect(spreadWords({ ...steps, medianMsByValue: { "1": 1000, "2": 1001 } })).toBe("makes no difference");
    expect(isolationWords(steps)).toBe("From runs that were alike in all else");
    expect(isolationWords({ isolated: false })).toMatch(/^It never varied alone/);
    expect(driversSentence([])).toMatch(/^Nothing that varied/);
    expect(driversSentence([steps])).toBe("What makes it longer: steps");
  });
});

test("shares and times say no more than is known", () => {
  expect([shareWords(62.44), shareWords(0.123), shareWords(0.001), shareWords(0)]).toEqual(["62.4%", "0.12%", "under 0.01%", "0%"]);
  expect([took(0), took(4), took(40), took(11_400)]).toEqual(["under 1 ms", "4 ms", "0.04 s", "11.4 s"]);
});
