import { expect, test } from "vitest";
import { faviconSvg } from "../../src/tab/favicon.js";
import { documentTitle, newerEnd, tabOf, tabSign } from "../../src/tab/tab.js";
import { summary } from "../jobs/summary.js";

const running = (title: string, overallPercentage: number) => summary(title, { overallPercentage });
const colours = { ring: "ring", core: "core", live: "live", done: "done", failed: "failed" };

test("one that runs is told by percent and name, several by their number and where they are together", () => {
  expect(documentTitle(tabOf([running("Lighthouse at dusk", 66.9)], undefined), "Jobs")).toBe("66% Lighthouse at dusk");
  expect(documentTitle(tabOf([running("One", 40), running("Two", 60), running("Three", 98)], undefined), "Jobs")).toBe("3 running, 66%");
});

test("what waits or has ended is not in the title, which is then that of the page", () => {
  const tab = tabOf([summary("a", { status: "pending" }), summary("b", { status: "completed" })], undefined);
  expect(documentTitle(tab, "Instances")).toBe("Instances · ComfyUI Monitor");
  expect(documentTitle(tab, "")).toBe("ComfyUI Monitor");
});

test("an end that was not seen is told until it is, also while others run", () => {
  const ended = newerEnd(undefined, summary("Poster", { status: "failed" }));
  expect(documentTitle(tabOf([running("Other", 5)], ended), "Jobs")).toBe("Failed: Poster");
  expect(tabSign(tabOf([running("Other", 5)], ended))).toEqual({ state: "failed" });
  expect(documentTitle(tabOf([], newerEnd(undefined, summary("Glaze test", { status: "completed" }))), "Jobs")).toBe("Done: Glaze test");
});

test("a failure that was not seen is not put aside by a job that came through, but by a newer failure", () => {
  const failed = newerEnd(undefined, summary("Poster", { status: "failed" }));
  expect(newerEnd(failed, summary("Fine", { status: "completed" }))).toBe(failed);
  expect(newerEnd(failed, summary("Worse", { status: "failed" }))?.title).toBe("Worse");
});

test("the sign of a stopped job is the logo at rest", () => {
  expect(tabSign({ running: [], ended: { title: "Stopped", state: "interrupted" } })).toEqual({ state: "idle" });
});

test("the favicon's edge stands at the percentage, and the end has a sign of its own", () => {
  expect(faviconSvg({ state: "running", percentage: 66.7 }, colours)).toContain('stroke="live" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" pathLength="100" stroke-dasharray="66 200"');
  expect(faviconSvg({ state: "idle" }, colours)).not.toContain("live");
  const [done, failed] = [faviconSvg({ state: "done" }, colours), faviconSvg({ state: "failed" }, colours)];
  expect(done).toContain('d="m7.8 12.3');
  expect(failed).toContain('d="m8.9 8.9');
  expect(failed).not.toContain("<circle");
});
