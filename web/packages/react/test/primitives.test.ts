import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { edgeAngle } from "../src/components/EdgeLight.js";
import { softEnd } from "../src/components/StepBar.js";
import { cellSentence, labelsOf } from "../src/components/stripWords.js";
import * as components from "../src/components/index.js";
import type { StripSegment } from "../src/core/strip.js";
import { laidOutStrip } from "../src/core/stripLayout.js";
import { glide } from "../src/hooks/useGlide.js";
import { withHead } from "../src/hooks/useStripLayout.js";
import type { NodeKind } from "../src/types/index.js";

function markup<P extends object>(component: unknown, props: P): string {
  return renderToStaticMarkup(createElement(component as FunctionComponent<P>, props));
}

const node = (state: StripSegment["state"], title: string, ms: number, more: Partial<StripSegment> = {}): StripSegment => ({ state, title, nodeId: title, ms, ...more });
const JOB = [
  node("finished", "Checkpoint Loader", 11_400),
  node("cached", "Empty Latent Image", 0),
  node("running", "K-Sampler", 28_500, { percentage: 75, leftMs: 9_500 }),
  node("pending", "VAE Decoder", 2_000),
];

test("a glide lasts as long as its step took, within bounds, and what falls or is first jumps", () => {
  const first = glide(undefined, 1, 0);
  expect(first.ms).toBe(0);
  const next = glide(first, 2, 400);
  expect(next.ms).toBe(400);
  expect(glide(next, 3, 410).ms).toBe(120);
  expect(glide(next, 3, 60_000).ms).toBe(800);
  expect(glide(next, 0, 800).ms).toBe(0);
});

test("a bar without steps slows towards the expected end, and stops at 90", () => {
  const at = [0, 5_000, 11_000, 22_000, 600_000].map((ms) => softEnd(ms, 11_000));
  expect(at[0]).toBe(0);
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(at[2]).toBeGreaterThan(70);
  expect(at.at(-1)).toBeLessThanOrEqual(90);
});

test("an edge light has run the same length for each percent, from top centre, clockwise", () => {
  expect([0, 12.5, 25, 37.5, 50, 62.5, 75, 100].map((percentage) => Math.round(edgeAngle(percentage, 1)))).toEqual([0, 45, 90, 135, 180, 225, 270, 360]);
  expect(edgeAngle(25, 176 / 92)).toBeCloseTo(90, 6);
  let last = -1;
  for (let percentage = 0; percentage <= 100; percentage += 0.5) {
    const angle = edgeAngle(percentage, 3);
    expect(angle).toBeGreaterThan(last);
    last = angle;
  }
});

test("a step bar is read out with its steps, and without a number where none is told", () => {
  const counted = markup(components.StepBar, { value: 15, max: 20, label: "K-Sampler" });
  for (const told of ['role="progressbar"', 'aria-valuenow="15"', 'aria-valuemin="0"', 'aria-valuemax="20"', 'aria-valuetext="15 of 20 steps"', "cm-step__notches"]) {
    expect(counted).toContain(told);
  }
  const silent = markup(components.StepBar, { elapsedMs: 3_000, expectedMs: 11_000, label: "Checkpoint Loader" });
  expect(silent).not.toContain("aria-valuenow");
  expect(silent).toContain('aria-valuetext="usually 11 s"');
});

test("there are notches for up to 40 steps", () => {
  expect(markup(components.StepBar, { value: 1, max: 40, label: "" })).toContain("notches");
  expect(markup(components.StepBar, { value: 1, max: 41, label: "" })).not.toContain("notches");
});

test("the mark of an earlier attempt says where it stopped, and then that it is passed", () => {
  const ghost = { value: 12, attempt: 1 };
  expect(markup(components.StepBar, { value: 7, max: 20, ghost, label: "" })).toContain("attempt 1 stopped here");
  expect(markup(components.StepBar, { value: 13, max: 20, ghost, label: "" })).toContain("past where attempt 1 stopped");
});

test("a glyph is hidden from readers unless it has a label", () => {
  expect(markup(components.StateGlyph, { state: "done" })).toContain('aria-hidden="true"');
  expect(markup(components.StateGlyph, { state: "done", label: "Done" })).toContain('aria-label="Done"');
});

test("a kind that a newer server names is shown as unknown", () => {
  for (const kind of ["quantum", "constructor", "__proto__"]) {
    expect(markup(components.NodeTile, { kind: kind as NodeKind, size: 22 })).toContain("--cm-kind-other");
  }
});

test("a strip is one image to readers, with its sentence", () => {
  const html = markup(components.RunStrip, { segments: JOB, percentage: 66, state: "running", height: 6, label: "66%, K-Sampler runs" });
  expect(html).toContain('role="img" aria-label="66%, K-Sampler runs"');
  expect(html).not.toContain("tabindex");
  expect(markup(components.RunStrip, { segments: JOB, percentage: 66, state: "running", height: 14, label: "", onMark: () => {} })).toContain('tabindex="0"');
});

test("a strip is lit only while its job is alive", () => {
  const strip = (state: string, segments = JOB) => markup(components.RunStrip, { segments, percentage: 66, state, height: 6, label: "" }).includes("cm-strip--live");
  expect([strip("running"), strip("stalled"), strip("retrying")]).toEqual([true, true, true]);
  expect([strip("ended"), strip("failed"), strip("waiting"), strip("retrying", [node("error", "K-Sampler", 1)])]).toEqual([false, false, false, false]);
});

test("a cell says what its node took, takes and should take", () => {
  const { cells } = laidOutStrip(JOB, 66, 41_000, 720, 14);
  expect(cells.map(cellSentence)).toEqual([
    "Checkpoint Loader, 11.4 s",
    "Empty Latent Image, cached",
    "K-Sampler, 28.5 s so far, about 10 s to go",
    "VAE Decoder, about 2 s",
  ]);
  expect(cellSentence(laidOutStrip([{ state: "running", ms: 5 }], 10, 5, 150, 6).cells[0]!)).toBeUndefined();
});

test("names stand under the cells that have room for them", () => {
  const long = { ...JOB[2]!, title: "彩度を上げるための非常に長い名前を持つサンプラー".repeat(3) };
  expect(labelsOf(laidOutStrip(JOB, 66, 41_000, 720, 14)).map(({ title }) => title)).toEqual(["Checkpoint Loader", "K-Sampler"]);
  expect(labelsOf(laidOutStrip([JOB[0]!, long], 66, 41_000, 720, 14)).map(({ title }) => title)).toEqual(["Checkpoint Loader"]);
});

test("between layouts the head moves within its cell, and leaves it only with a new layout", () => {
  const layout = laidOutStrip(JOB, 66, 41_000, 720, 14);
  const moved = withHead(layout, layout.head + 10)!;
  const running = moved.cells[2]!;
  expect(running.x + running.width * running.lit).toBeCloseTo(layout.head + 10, 6);
  expect(moved.cells[0]).toBe(layout.cells[0]);
  expect(withHead(layout, 719)).toBeUndefined();
  expect(withHead(layout, 5)).toBeUndefined();
});
