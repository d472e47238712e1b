import { expect, test } from "vitest";
import { ranked, type Entry } from "../../src/palette/rank.js";

const entry = (title: string, more: Partial<Entry> = {}): Entry => ({ id: title, group: "Jobs", title, run: () => {}, ...more });
const shown = (entries: Entry[], search: string) => ranked(entries, search).map(({ group, entries }) => [group, ...entries.map(({ title }) => title)]);

test("without a search all groups are there, in their order, each in its own", () => {
  const entries = [entry("Jobs", { group: "Go to" }), entry("Switch to Lightbox", { group: "Do" }), entry("B"), entry("A"), entry("atlas", { group: "Instances" })];
  expect(shown(entries, "")).toEqual([["Jobs", "B", "A"], ["Do", "Switch to Lightbox"], ["Go to", "Jobs"], ["Instances", "atlas"]]);
});

test("a title that begins so comes before one with a word that does, and that before one that has it inside", () => {
  const entries = [entry("Twilight"), entry("Night light"), entry("Lighthouse at dusk")];
  expect(shown(entries, "light")).toEqual([["Jobs", "Lighthouse at dusk", "Night light", "Twilight"]]);
});

test("words may come in any order, and be of what stands beside the title", () => {
  const entries = [entry("Lighthouse at dusk", { note: "atlas, about 20 s left" }), entry("Harbour")];
  expect(shown(entries, "dusk light")).toEqual([["Jobs", "Lighthouse at dusk"]]);
  expect(shown(entries, "atlas")).toEqual([["Jobs", "Lighthouse at dusk"]]);
  expect(shown(entries, "nowhere")).toEqual([]);
});

test("a group whose best match is better comes first", () => {
  const entries = [entry("Old Performance test"), entry("Performance", { group: "Go to" })];
  expect(shown(entries, "perf")[0]).toEqual(["Go to", "Performance"]);
});

test("what the monitor found stays, though nothing of it shows why", () => {
  expect(shown([entry("Glaze test", { isFound: true })], "watermark")).toEqual([["Jobs", "Glaze test"]]);
});

test("what is rarely wanted has to be looked for", () => {
  const entries = [entry("Mute spoken progress", { group: "Do", isRare: true })];
  expect(shown(entries, "")).toEqual([]);
  expect(shown(entries, "mute")).toEqual([["Do", "Mute spoken progress"]]);
});

test("of a thousand jobs eight are shown", () => {
  const many = Array.from({ length: 1_000 }, (_, at) => entry(`Job ${at}`));
  expect(ranked(many, "job")[0]?.entries).toHaveLength(8);
});
