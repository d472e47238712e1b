// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type Instance, type Summary } from "@comfyui-monitor/react";
import { act } from "react";
import { expect, test, vi } from "vitest";
import { Route, Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import Instances from "../../src/routes/instances/index.js";
import { instance, job } from "./fleet.js";
import { mountedForEachTest, page, root } from "../mounted.js";

const NOW = Date.parse("2026-11-14T21:00:00.000Z");

mountedForEachTest(() => {
  vi.useFakeTimers({ now: NOW });
  Element.prototype.scrollIntoView = vi.fn();
});

/** What a monitor answers that has these readings and no events. */
function answer(url: string, readings: unknown[] | null) {
  if (!readings && url.includes("/readings")) return new Response('{"status":501,"detail":"This deployment keeps no readings"}', { status: 501 });
  return new Response(JSON.stringify(url.includes("/readings") ? readings : url.includes("/events") ? { items: [] } : {}), { status: 200 });
}

async function shown(instances: Instance[], jobs: Summary[] = [], { path = "/instances", readings = [] as unknown[] | null } = {}) {
  const asked: string[] = [];
  const fetch = vi.fn(async (url: RequestInfo | URL, init?: RequestInit) => {
    asked.push(`${init?.method} ${String(url).replace("http://monitor", "")}`);
    return answer(String(url), readings);
  });
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch, warn: () => {} });
  const { hook } = memoryLocation({ path });
  await act(async () =>
    root.render(
      <Router hook={hook}>
        <MonitorProvider client={client}><Route path="/instances/:instanceId?" component={Instances} /></MonitorProvider>
      </Router>,
    ),
  );
  const socket = FakeSocket.newest();
  await act(async () => void socket.open());
  const timestamp = new Date(NOW).toISOString();
  await act(async () => {
    socket.says({ type: "snapshot", timestamp, queueId: "*", generations: jobs, instances });
    await vi.advanceTimersByTimeAsync(300);
  });
  return asked;
}

const cards = () => [...page.querySelectorAll("article")];
const button = (name: string) => [...page.querySelectorAll("button")].find(({ textContent }) => textContent === name);

test("a card tells what runs and leads to it, what waits, and how the day was", async () => {
  const current = { nodeId: "3", title: "K-Sampler", kind: "sampler", value: 15, max: 20 } as const;
  const eta = { remainingMs: 20_000, lowMs: 19_000, highMs: 21_000 };
  await shown(
    [instance("atlas", { running: ["p-Lighthouse"], waiting: [{ queueId: "q-next", expectedMs: 60_000 }], roundTripMs: 2 })],
    [job("atlas", "Lighthouse", { current, eta }), job("atlas", "next", { status: "pending", eta: { ...eta, remainingMs: 80_000 } })],
  );
  const [card] = cards();
  for (const words of ["atlas", "RTX 4090 · ComfyUI 0.33.0", "Live", "2 ms", "Lighthouse", "about 20 s", "K-Sampler, 15/20 steps", "66%", "1 job", "61 done today", "74% busy"]) {
    expect(card?.textContent).toContain(words);
  }
  const links = [...(card?.querySelectorAll("a") ?? [])].map((link) => [link.getAttribute("href"), link.getAttribute("aria-label")]);
  expect(links).toEqual([["/jobs/q-Lighthouse", null], ["/jobs/q-next", "next, about 1 min"]]);
});

test("a picture of what runs is asked for anew when its signed link has ended", async () => {
  const thumbnailUrl = "https://bucket.example/a?X-Amz-Signature=1";
  await shown([instance("atlas")], [job("atlas", "Lighthouse", { thumbnailUrl })]);
  const said = () => FakeSocket.newest().sent.filter(({ data }) => data.queueId === "*").length;
  expect(said()).toBe(1);
  await act(async () => void page.querySelector("article img")?.dispatchEvent(new Event("error")));
  expect(said()).toBe(2);
});

test("memory is drawn where there is a GPU, and left out where there is none", async () => {
  const readings = [0, 10, 20].map((seconds) => ({ t: new Date(NOW - seconds * 1000).toISOString(), usedBytes: 6, totalBytes: 24 })).reverse();
  await shown([instance("a"), instance("b", { devices: [{ name: "cpu", type: "cpu" }] })], [], { readings });
  const [gpu, cpu] = cards();
  expect(gpu?.textContent).toContain("18.2 of 24 GB");
  expect(gpu?.querySelectorAll("svg[role=img] path").length).toBe(2);
  expect(gpu?.querySelector("svg[role=img]")?.getAttribute("aria-label")).toMatch(/^GPU memory, last 30 min: 18.2 of 24 GB/);
  expect(cpu?.textContent).not.toContain("GPU memory");
});

test("where no readings are kept a line says so in place of the curve, and they are not asked for again", async () => {
  const asked = await shown([instance("a")], [], { readings: null });
  expect(cards()[0]?.textContent).toContain("18.2 of 24 GB");
  expect(cards()[0]?.textContent).toContain("This deployment keeps no readings of it");
  expect(cards()[0]?.querySelector("svg[role=img]")).toBeNull();
  await act(async () => void (await vi.advanceTimersByTimeAsync(60_000)));
  expect(asked.filter((call) => call.includes("/readings"))).toHaveLength(1);
});

test("one that is away is named in the top bar, says for how long and what it ran, and is tried at once when asked", async () => {
  const away = instance("gull", { state: "disconnected", since: new Date(NOW - 14_000).toISOString(), reason: "connection refused" });
  const asked = await shown([away, instance("atlas")], [job("gull", "Interior pass")]);
  expect(page.textContent).toContain("gull does not answer");
  expect(page.textContent).toContain("1 of 2 answering");
  expect(cards()[1]?.textContent).toContain("Not answering for 14 s");
  expect(cards()[1]?.textContent).toContain("Was running Interior pass");
  await act(async () => button("Try now")?.click());
  expect(asked).toContain("POST /v1/instances/gull/reconnect");
});

test("the only one, never heard of, is waited for", async () => {
  const { comfyuiVersion: _, memory: __, ...unheard } = instance("default", { url: "http://localhost:8188", state: "disconnected", devices: [] });
  const asked = await shown([unheard]);
  expect(page.textContent).toContain("Waiting for ComfyUI at localhost:8188");
  expect(cards()).toEqual([]);
  await act(async () => button("Try now")?.click());
  expect(asked).toContain("POST /v1/instances/default/reconnect");
});

test("the chip opens to since when and why, and Escape closes it", async () => {
  await shown([instance("a", { state: "polling", reason: "the proxy closes it" })]);
  const chip = page.querySelector<HTMLButtonElement>("article button[aria-expanded]");
  await act(async () => chip?.click());
  const story = document.getElementById(chip?.getAttribute("aria-controls") ?? "");
  expect(story?.hidden).toBe(false);
  expect(story?.textContent).toContain("the proxy closes it");
  await act(async () => chip?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
  expect(story?.hidden).toBe(true);
});

test("a link to an instance has its card in focus", async () => {
  await shown([instance("a"), instance("b")], [], { path: "/instances/b" });
  expect(document.activeElement?.getAttribute("aria-label")).toBe("b");
});

test("names that are hostile, long or Japanese are text, and a queue of hundreds is a few boxes", async () => {
  const name = `<img src=x onerror="alert(1)">${"名前がとても長い".repeat(40)}`;
  const waiting = Array.from({ length: 500 }, (_, i) => ({ queueId: `q${i}` }));
  const bad = instance("a/b?c#d", { name, url: "javascript:alert(1)", reason: name, waiting, devices: [{ name }], running: ["p"] });
  await shown([bad], [job("a/b?c#d", name, { thumbnailUrl: "javascript:alert(1)" })]);
  expect(page.querySelectorAll("img").length).toBe(0);
  expect(cards()[0]?.querySelector("h2")?.textContent).toBe(name);
  const links = [...page.querySelectorAll("a")].map((link) => link.getAttribute("href") ?? "");
  expect(links.length).toBeLessThan(24);
  expect(links.filter((href) => !href.startsWith("/"))).toEqual([]);
});
