import { describe, expect, test } from "vitest";
import { memoryPaths, mergedReadings, peakOf, WINDOW_MS } from "../../src/routes/instances/memory.js";
import { clearIn, queueBoxes, queueScale } from "../../src/routes/instances/queue.js";
import { instance, job } from "./fleet.js";

const END = Date.parse("2026-11-14T21:00:00.000Z");
const GB = 2 ** 30;

const reading = (secondsAgo: number, usedGb: number) => ({
  t: new Date(END - secondsAgo * 1000).toISOString(),
  usedBytes: usedGb * GB,
  totalBytes: 24 * GB,
});

describe("GPU memory", () => {
  test("is a line under the rule of all there is, over the last 30 min", () => {
    const { line, area, silent } = memoryPaths([reading(1800, 0), reading(1790, 12), reading(1780, 24)], END - 1_780_000 + WINDOW_MS - 20_000, 180, 100);
    expect(line).toBe("M0 100L1 50L2 0");
    expect(area).toBe("M0 100L0 100L1 50L2 0L2 100Z");
    expect(silent).toBe("M2 0H180");
  });

  test("is dotted where nothing was heard: between words, and after the last one", () => {
    const { line, silent } = memoryPaths([reading(1800, 12), reading(1790, 12), reading(900, 12), reading(890, 12)], END, 180, 100);
    expect(line).toBe("M0 50L1 50M90 50L91 50");
    expect(silent).toBe("M1 50L90 50M91 50H180");
  });

  test("stays in its box whatever is told, and is nothing where nothing is", () => {
    const mad = [reading(10, -4), reading(5, 99), { t: "never", usedBytes: 1, totalBytes: 2 }, { ...reading(1, 1), totalBytes: 0 }];
    const { line } = memoryPaths(mad, END, 180, 100);
    expect(line).toBe("M179 100L179.5 0");
    expect(memoryPaths([], END, 180, 100)).toEqual({ line: "", area: "", silent: "" });
  });

  test("takes each reading once and lets go of what is older than the window", () => {
    const merged = mergedReadings([reading(3600, 1), reading(20, 2)], [reading(20, 2), reading(10, 3)]);
    expect(merged.map(({ usedBytes }) => usedBytes / GB)).toEqual([2, 3]);
    expect(peakOf(merged)?.usedBytes).toBe(3 * GB);
    expect(peakOf([])).toBeUndefined();
  });
});

describe("the queue", () => {
  test("has one scale for all instances, which the longest of them fits", () => {
    const queue = (...ms: (number | undefined)[]) => ({ waiting: ms.map((expectedMs, i) => ({ queueId: `${i}`, ...(expectedMs !== undefined && { expectedMs }) })) });
    expect(queueScale([])).toBe(60_000);
    expect(queueScale([queue(20_000), queue(100_000, 90_000)])).toBe(300_000);
    // One that is not known counts as the others do.
    expect(queueScale([queue(100_000, undefined)])).toBe(300_000);
  });

  test("has boxes as wide as they should take, and they stay in the track", () => {
    const waiting = [{ queueId: "1", expectedMs: 30_000 }, { queueId: "2" }, { queueId: "3", expectedMs: 90_000 }];
    const boxes = queueBoxes(waiting, 300_000);
    expect(boxes.map(({ width }) => Math.round(width))).toEqual([10, 20, 30]);
    expect(boxes[1]).not.toHaveProperty("expectedMs");
  });

  test("of hundreds is a dozen boxes and one for the rest", () => {
    const waiting = Array.from({ length: 200 }, (_, i) => ({ queueId: `${i}`, expectedMs: 1000 }));
    const boxes = queueBoxes(waiting, 300_000);
    expect(boxes).toHaveLength(16);
    expect(boxes.reduce((sum, box) => sum + box.jobs, 0)).toBe(200);
    expect(boxes.reduce((sum, box) => sum + box.width, 0)).toBeLessThanOrEqual(100.001);
    expect(new Set(boxes.map(({ key }) => key)).size).toBe(16);
  });

  test("is clear when its last job is done", () => {
    const eta = (remainingMs: number) => ({ remainingMs, lowMs: 0, highMs: 0 });
    const jobs = [job("a", "1", { eta: eta(20) }), job("a", "2", { status: "pending", eta: eta(90) }), job("b", "3", { eta: eta(999) })];
    expect(clearIn(instance("a"), jobs)?.remainingMs).toBe(90);
    expect(clearIn(instance("a"), [...jobs, job("a", "4")])).toBeUndefined();
    expect(clearIn(instance("c"), jobs)).toBeUndefined();
    expect(clearIn(instance("a", { waiting: [{ queueId: "not in the list" }] }), jobs)).toBeUndefined();
  });
});
