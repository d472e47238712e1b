// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type ClassPerformance } from "@comfyui-monitor/react";
import { act } from "react";
import { expect, test, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { WebSocketLike } from "../../../packages/react/test/fake.js";
import Performance from "../../src/routes/performance/index.js";
import { clearedPage, mountedForEachTest, page, root } from "../mounted.js";

mountedForEachTest();

function cost(classType: string, more: Partial<ClassPerformance> = {}): ClassPerformance {
  return { classType, title: classType, kind: "other", runs: 1, medianMs: 10, p90Ms: 20, share: 1, ticks: [10, 20], drivers: [], ...more };
}

async function shown(answer: () => Response, path = "/performance") {
  const asked: string[] = [];
  const fetch = vi.fn(async (url: RequestInfo | URL) => {
    asked.push(String(url));
    return answer();
  });
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch, warn: () => {} });
  const { hook, searchHook } = memoryLocation({ path });
  await act(async () =>
    root.render(
      <Router hook={hook} searchHook={searchHook}>
        <MonitorProvider client={client}><Performance /></MonitorProvider>
      </Router>,
    ),
  );
  return asked;
}

const told = (items: ClassPerformance[]) => () => new Response(JSON.stringify({ items }));
const rows = () => [...page.querySelectorAll("[role=row]")].slice(1);
const firstCells = () => rows().map((row) => row.querySelector("[role=cell]")?.textContent);
const head = (name: string) => [...page.querySelectorAll("[role=columnheader]")].find(({ textContent }) => textContent === name);
const click = (element: Element | null | undefined) => act(async () => void element?.dispatchEvent(new MouseEvent("click", { bubbles: true })));

test("classes stand by their share of all time, and by what is clicked", async () => {
  await shown(told([cost("A", { share: 10, runs: 2 }), cost("B", { share: 80, runs: 7 }), cost("C", { share: 9, runs: 9 })]));
  expect(firstCells()).toEqual(["B", "A", "C"]);
  expect(head("Share of all time")?.getAttribute("aria-sort")).toBe("descending");
  await click(head("Runs")?.querySelector("button"));
  expect(firstCells()).toEqual(["C", "B", "A"]);
  await click(head("Runs")?.querySelector("button"));
  expect(firstCells()).toEqual(["A", "B", "C"]);
  expect(head("Runs")?.getAttribute("aria-sort")).toBe("ascending");
  expect(page.querySelectorAll("[aria-sort]").length).toBe(1);
});

test("a row opens to what makes it longer, and says what that is worth", async () => {
  const drivers = [
    { name: "steps", medianMsByValue: { "20": 1000, "40": 2000 }, isolated: true },
    { name: "model", medianMsByValue: { "a.ckpt": 1000, "b.ckpt": 1500 }, isolated: false },
  ];
  await shown(told([cost("KSampler", { title: "K-Sampler", drivers })]));
  const opener = page.querySelector("[role=cell] button");
  expect(opener?.getAttribute("aria-expanded")).toBe("false");
  await click(opener);
  expect(opener?.getAttribute("aria-expanded")).toBe("true");
  for (const words of ["Steps", "up to 2.0 times as long", "From runs that were alike in all else", "Model", "up to 50% longer", "It never varied alone"]) {
    expect(page.textContent).toContain(words);
  }
  await click(rows()[0]);
  expect(page.textContent).not.toContain("From runs");
});

test("the address says of which instance", async () => {
  expect(await shown(told([]), "/performance?instance=a%2Fb")).toEqual(["http://monitor/v1/performance?instanceId=a%2Fb"]);
});

test("without a run it says so, and without an answer why", async () => {
  await shown(told([]));
  expect(page.textContent).toContain("Nothing has run yet");
  await clearedPage();
  await shown(() => new Response(JSON.stringify({ status: 500, detail: "the store is closed" }), { status: 500 }));
  expect(page.textContent).toContain("the store is closed");
  expect([...page.querySelectorAll("button")].some(({ textContent }) => textContent === "Try again")).toBe(true);
});

test("hostile names are text, and each class is a few elements", async () => {
  const title = `<img src=x onerror="alert(1)">${"とても長いノード".repeat(40)}`;
  const ticks = Array.from({ length: 60 }, (_, i) => 10 + i * i);
  const many = Array.from({ length: 60 }, (_, i) => cost(`${title}${i}`, { title, ticks, share: 60 - i }));
  await shown(told(many));
  expect(page.querySelectorAll("img").length).toBe(0);
  expect(rows()).toHaveLength(60);
  expect(rows()[0]?.querySelector("[role=cell]")?.textContent).toBe(title);
  expect(page.querySelectorAll("*").length / 60).toBeLessThan(30);
});

test.each([404, 501])("a deployment that keeps no figures says so, and is not asked again (%i)", async (status) => {
  await shown(() => new Response('{"message":"Not Found"}', { status }));
  expect(page.textContent).toContain("No figures here");
  expect([...page.querySelectorAll("button")].map(({ textContent }) => textContent)).not.toContain("Try again");
});
