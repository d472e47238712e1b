import { expect, test } from "vitest";
import * as words from "../src/words/index.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const eta = (remainingMs: number, lowMs = remainingMs, highMs = remainingMs) => ({ remainingMs, lowMs, highMs });

test.each([
  [0, "under 0.01 s"],
  [9.9, "under 0.01 s"],
  [Number.NaN, "under 0.01 s"],
  [10, "0.01 s"],
  [620, "0.62 s"],
  [999.9, "0.99 s"],
  [1_000, "1.0 s"],
  [11_449, "11.4 s"],
  [59_999, "59.9 s"],
  [60_000, "1:00"],
  [4 * MINUTE + 7_900, "4:07"],
  [HOUR - 1, "59:59"],
  [HOUR + 4 * MINUTE + 9 * SECOND, "1:04:09"],
])("a duration of %d ms reads %s", (ms, text) => expect(words.duration(ms)).toBe(text));

test("a stopwatch has minutes from the start, and no more than has passed", () => {
  expect([0, 41_900, 72_000, HOUR + 4 * MINUTE + 9_000].map(words.stopwatch)).toEqual(["0:00", "0:41", "1:12", "1:04:09"]);
});

test("a tooltip's duration is exact to the millisecond", () => {
  expect([0.4, 620, 11_402, 247_312, HOUR + 4 * MINUTE + 9_007].map(words.exactDuration)).toEqual([
    "0.000 s", "0.620 s", "11.402 s", "4:07.312", "1:04:09.007",
  ]);
});

test("the time of a step has two decimals while it is short", () => {
  expect([1_900, 42, 4, 12_340].map(words.perStep)).toEqual([
    "1.90 s per step", "0.04 s per step", "under 0.01 s per step", "12.3 s per step",
  ]);
});

test.each([
  [undefined, undefined, "not known yet", "not known yet"],
  [eta(4_900), undefined, "a few seconds", "a few seconds"],
  [eta(0, 0, 0), undefined, "a few seconds", "a few seconds"],
  [eta(5_000), undefined, "about 5 s left", "about 5 s"],
  [eta(18_500, 16_000, 22_000), undefined, "about 20 s left", "about 20 s"],
  [eta(28_000, 25_000, 32_000), undefined, "about 30 s left", "about 30 s"],
  [eta(57_400), undefined, "about 55 s left", "about 55 s"],
  [eta(58_000), undefined, "about 1 min left", "about 1 min"],
  [eta(72_000), undefined, "about 1 min 10 s left", "about 1 min 10 s"],
  [eta(116_000), undefined, "about 2 min left", "about 2 min"],
  [eta(3.4 * MINUTE), undefined, "about 3 min left", "about 3 min"],
  [eta(100 * MINUTE), undefined, "about 1 h 40 min left", "about 1 h 40 min"],
  [eta(120 * MINUTE), undefined, "about 2 h left", "about 2 h"],
  [eta(3 * MINUTE, 130 * SECOND, 230 * SECOND), undefined, "2 to 4 min left", "2 to 4 min"],
  [eta(30_000, 20_000, 45_000), undefined, "20 to 45 s left", "20 to 45 s"],
  [eta(60_000, 42_000, 90_000), undefined, "40 to 90 s left", "40 to 90 s"],
  [eta(80_000, 60_000, 95_000), undefined, "60 to 100 s left", "60 to 100 s"],
  [eta(20 * MINUTE, 10 * MINUTE, 40 * MINUTE), undefined, "10 to 40 min, first run here", "10 to 40 min"],
  [eta(2 * HOUR, HOUR, 4 * HOUR), undefined, "1 to 4 h, first run here", "1 to 4 h"],
  [eta(6 * SECOND, 5 * SECOND, 8 * SECOND), undefined, "5 to 10 s left", "5 to 10 s"],
  [eta(20_000, 5_000, 60_000), 72_000, "longer than usual, 1:12 over", "1:12 over"],
  [undefined, 400, "longer than usual", "0:00 over"],
])("the time left of %j, over by %s, reads %s", (left, over, whole, short) => {
  expect(words.timeLeft(left, over)).toBe(whole);
  expect(words.timeLeftShort(left, over)).toBe(short);
});

test("a range that time has eaten into is not taken for a first run", () => {
  // 30 to 50 s, usually 40; 28 s have passed.
  expect(words.timeLeft(eta(12_000, 2_000, 22_000))).toBe("up to 20 s left");
});

test("a range never says the same number twice, and never from 0", () => {
  for (let low = 0; low < 3 * HOUR; low = low * 1.31 + 700) {
    for (const wide of [1.51, 2, 3.2, 9]) {
      const text = words.timeLeft(eta(low * Math.sqrt(wide) + 5_000, low, low * wide + 5_000));
      const [, from, to] = /^(\d+) to (\d+)/.exec(text) ?? [];
      if (from !== undefined) expect(Number(from), text).toBeLessThan(Number(to));
      expect(text).not.toMatch(/^0 |up to 0|NaN|undefined/);
    }
  }
});

test("a text stands for 2 s at least", () => {
  let held = words.steadyText(undefined, "about 30 s left", 0);
  held = words.steadyText(held, "about 25 s left", 1_000);
  expect(held.text).toBe("about 30 s left");
  held = words.steadyText(held, "about 25 s left", 2_000);
  expect(held.text).toBe("about 25 s left");
  expect(words.steadyText(held, "about 25 s left", 2_500)).toBe(held);
});

test("a text does not flip back to the one before, unless that is meant for long", () => {
  let held = words.steadyText(undefined, "about 30 s left", 0);
  const shown: string[] = [];
  for (let now = 0; now <= 60_000; now += 250) {
    held = words.steadyText(held, `about ${now % 1_000 === 0 ? 30 : 25} s left`, now);
    if (shown.at(-1) !== held.text) shown.push(held.text);
  }
  expect(shown).toEqual(["about 30 s left", "about 25 s left"]);
  for (let now = 61_000; now <= 75_000; now += 250) held = words.steadyText(held, "about 30 s left", now);
  expect(held.text).toBe("about 30 s left");
});

test("a text about something else is said at once", () => {
  const held = words.steadyText(undefined, "about 30 s left", 0, "a");
  expect(words.steadyText(held, "about 2 min left", 10, "b").text).toBe("about 2 min left");
});

test("what a node should take", () => {
  expect([400, 2_100, 11_000, 72_000, 4 * MINUTE, 100 * MINUTE, 26 * HOUR].map(words.about)).toEqual([
    "under 1 s", "about 2 s", "about 11 s", "about 1 min 10 s", "about 4 min", "about 1 h 40 min", "about 26 h",
  ]);
  expect(words.roughly(59_700)).toBe("1 min");
});

test("the place in line, and when it starts", () => {
  expect(words.inLine(3, 2 * MINUTE)).toBe("3rd in line, starts in 2 min");
  expect(words.inLine(1, 3_000)).toBe("1st in line, starts in a few seconds");
  expect(words.inLine(11, undefined)).toBe("11th in line");
  expect(words.inLine(undefined, undefined)).toBe("waiting");
});

test("clock times are local, and say more the older they are", () => {
  const now = new Date(2026, 10, 20, 21, 46, 31).getTime();
  const at = (...parts: [number, number, number, number, number, number]) => new Date(...parts).getTime();
  expect(words.clock(at(2026, 10, 20, 9, 6, 5), now)).toBe("09:06:05");
  expect(words.clock(at(2026, 10, 20, 9, 6, 5), now, false)).toBe("09:06");
  expect(words.clock(at(2026, 10, 17, 21, 44, 0), now)).toBe("Tue 21:44");
  expect(words.clock(at(2026, 10, 19, 23, 59, 59), now)).toBe("Thu 23:59");
  expect(words.clock(at(2026, 9, 14, 9, 0, 0), now)).toBe("14 Oct");
  expect(words.clock(at(2025, 10, 14, 9, 0, 0), now)).toBe("14 Nov 2025");
  expect(words.clock("no time", now)).toBe("");
  expect(words.isoTime(Date.UTC(2026, 10, 14))).toBe("2026-11-14T00:00:00.000Z");
});

test("an age is one number", () => {
  expect([0, 12_400, 3 * MINUTE, 2.9 * HOUR, 50 * HOUR].map((ms) => words.age(0, ms))).toEqual(["0 s", "12 s", "3 min", "2 h", "2 d"]);
});

test("percentages are whole, and 100 only when it is done", () => {
  expect([0, 65.99, 99.6, 99.999, 100, 104, -3, Number.NaN].map(words.wholePercent)).toEqual([0, 65, 99, 99, 100, 100, 0, 0]);
  expect(words.percent(66.7)).toBe("66%");
});

test("counts have a thin space, sizes their units", () => {
  expect([7, 999, 1_284, 1_234_567].map(words.count)).toEqual(["7", "999", "1\u202f284", "1\u202f234\u202f567"]);
  expect(words.counted(1, "node")).toBe("1 node");
  expect(words.memory(18.2 * 2 ** 30, 24_564 * 2 ** 20)).toBe("18.2 of 24 GB");
  expect(words.memory(5.25 * 2 ** 30, 8 * 2 ** 30)).toBe("5.3 of 8 GB");
  expect([640, 811_900, 4_200_000, 48_000_000, 1_200_000_000].map(words.fileSize)).toEqual(["640 B", "812 kB", "4.2 MB", "48 MB", "1.2 GB"]);
  expect(words.pixels(1024, 1024)).toBe("1024 × 1024");
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102].map(words.ordinal)).toEqual(["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd"]);
  expect([1, 2, 3].map(words.times)).toEqual(["once", "twice", "3 times"]);
  expect([words.steps(15, 20), words.steps(45, 100, "vae")]).toEqual(["15/20 steps", "45/100"]);
});

test("what a job is shown as", () => {
  const retry = { retryAt: "", maxRetries: 4, error: { type: "", message: "" } };
  const shown = (job: Partial<Parameters<typeof words.shownState>[0]>) => words.shownState({ status: "processing", retryCount: 0, ...job });
  expect(shown({ status: "pending" })).toBe("queued");
  expect(shown({ status: "pending", retry, retryCount: 1 })).toBe("retrying");
  expect(shown({})).toBe("running");
  expect(shown({ retryCount: 1 })).toBe("retrying");
  expect(shown({ retryCount: 1, stalledSince: "2026-11-14T20:46:31.120Z" })).toBe("stalled");
  expect(shown({ status: "completed", retryCount: 1 })).toBe("done");
  expect(shown({ status: "failed" })).toBe("failed");
  expect(shown({ status: "failed", reason: "instance_lost" })).toBe("lost");
  expect(shown({ status: "interrupted", reason: "cancelled" })).toBe("interrupted");
});

test("what a node is shown as", () => {
  const states = ["pending", "cached", "running", "finished", "error", "interrupted", "skipped"] as const;
  expect(states.map((state) => words.nodeStateWord(state))).toEqual(["Queued", "Cached", "Running", "Done", "Failed", "Interrupted", "Not run"]);
  expect(words.shownNodeState("running", true)).toBe("stalled");
  expect(words.stateWord("lost")).toBe("Lost");
});

test("a job's title is the one given, else its prompt's beginning, else its file, else its size", () => {
  expect(words.jobTitle({ title: " Lighthouse\nat dusk ", prompt: "a", nodes: 9 })).toBe("Lighthouse at dusk");
  expect(words.jobTitle({ prompt: "a lighthouse on a cliff, dusk" })).toBe("a lighthouse on a cliff, dusk");
  expect(words.jobTitle({ prompt: "0123456789".repeat(5) })).toBe(`${"0123456789".repeat(4)}…`);
  expect(words.jobTitle({ prompt: "灯".repeat(41) })).toBe(`${"灯".repeat(40)}…`);
  expect(words.jobTitle({ prompt: "  ", fileName: "upscale.json", nodes: 9 })).toBe("upscale");
  expect(words.jobTitle({ nodes: 9 })).toBe("Workflow with 9 nodes");
  expect(words.jobTitle({ nodes: 1 })).toBe("Workflow with 1 node");
});

test("the tab says what runs, and what has ended unseen", () => {
  const running = { title: "Lighthouse at dusk", percentage: 66.4 };
  expect(words.tabTitle({ running: [] })).toBe("ComfyUI Monitor");
  expect(words.tabTitle({ running: [running] })).toBe("66% Lighthouse at dusk");
  expect(words.tabTitle({ running: [running, { title: "", percentage: 80 }, { title: "", percentage: 52.6 }] })).toBe("3 running, 66%");
  expect(words.tabTitle({ running: [running], ended: { title: "Poster", state: "done" } })).toBe("Done: Poster");
  expect(words.tabTitle({ running: [], ended: { title: "Poster", state: "lost" } })).toBe("Failed: Poster");
});

test("the end in one sentence", () => {
  const image = { kind: "image", preview: false } as const;
  expect(words.doneSentence("Lighthouse at dusk", [image, { ...image, preview: true }], 61_200)).toBe("Lighthouse at dusk is done. 1 image, 1:01");
  expect(words.outputsCounted([image, image, { kind: "video", preview: false }])).toBe("2 images, 1 video");
  expect(words.outputsCounted([])).toBe("no files");
});

test("a strip read out", () => {
  expect(words.stripSentence({ percentage: 66.2, current: "K-Sampler", state: "running", finished: 3, total: 7 })).toBe("66%, K-Sampler runs, 3 of 7 nodes finished");
  expect(words.stripSentence({ percentage: 0, state: "queued" })).toBe("0%, waiting");
  expect(words.stripSentence({ percentage: 40, current: "K-Sampler", state: "failed" })).toBe("40%, K-Sampler failed");
});

test("a node's times in one line", () => {
  expect(words.nodeTimes("K-Sampler", { soFarMs: 28_500, leftMs: 10_200 })).toBe("K-Sampler, 28.5 s so far, about 10 s to go");
  expect(words.nodeTimes("VAE Decoder", { leftMs: 2_000 })).toBe("VAE Decoder, about 2 s");
  expect(words.nodeTimes("Checkpoint Loader", { tookMs: 11_400 })).toBe("Checkpoint Loader, 11.4 s");
});
