// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type ClientOptions, type Summary } from "@comfyui-monitor/react";
import { act } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import Jobs from "../../src/routes/jobs/index.js";
import { AT, iso, summary } from "./summary.js";
import { clearedPage, mountedForEachTest, page, root } from "../mounted.js";

let frames: (() => void)[];

afterEach(() => void vi.restoreAllMocks());
mountedForEachTest(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: AT });
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", () => (frames = []));
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = function (this: Element, to?: ScrollToOptions | number) {
    this.scrollTop = typeof to === "object" ? (to.top ?? 0) : 0;
  } as typeof Element.prototype.scrollTo;
});

const counts = { pending: 0, processing: 0, completed: 0, failed: 0, interrupted: 0 };

/** The list over a monitor that tells of these jobs. */
async function listOf(jobs: Summary[], path = "/jobs", more: ClientOptions & { ended?: () => Summary[] } = {}) {
  const fetch = vi.fn(async (url: unknown) => {
    const items = String(url).includes("completed") ? more.ended?.() : [];
    return new Response(JSON.stringify({ items: items ?? [], counts, today: { jobs: 0 } }));
  });
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch, warn: () => {}, ...more });
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  await act(async () => {
    root.render(
      <Router hook={hook} searchHook={searchHook}>
        <MonitorProvider client={client}><Jobs /></MonitorProvider>
      </Router>,
    );
  });
  const socket = FakeSocket.newest();
  await act(async () => void socket.open());
  await act(async () => socket.says({ type: "snapshot", timestamp: iso(AT), queueId: "*", generations: jobs, instances: [] }));
  const hear = (...news: Summary[]) =>
    act(async () => {
      for (const generation of news) {
        const { queueId, promptId, sequence, status } = generation;
        socket.says({ type: "generation_update", timestamp: iso(AT), queueId, promptId, attempt: 1, sequence, status, generation });
      }
      for (const run of frames.splice(0)) run();
    });
  return { hear, fetch, history, socket };
}

const many = (length: number, more: Partial<Summary> = {}) =>
  Array.from({ length }, (_, n) => summary(`j${String(n).padStart(5, "0")}`, { createdAt: iso(AT - n * 1000), startedAt: iso(AT - n * 1000), ...running(n % 100), ...more }));

function running(percentage: number): Partial<Summary> {
  const current = { nodeId: "3", title: "K-Sampler", kind: "sampler", value: percentage % 20, max: 20 } as const;
  const strip: Summary["strip"] = [{ state: "finished", ms: 9000 }, { state: "running", ms: 20_000 }, { state: "pending", ms: 4000 }];
  return { current, strip, overallPercentage: percentage, eta: { remainingMs: 20_000, lowMs: 18_000, highMs: 22_000 } };
}

const rows = () => [...page.querySelectorAll<HTMLElement>("[data-row]")];
const ids = () => rows().map(({ dataset }) => dataset.row);
const grid = () => page.querySelector<HTMLElement>("[role=grid]")!;

/** What is written to the list meanwhile. */
async function writes(during: () => Promise<void>): Promise<MutationRecord[]> {
  const records: MutationRecord[] = [];
  const observer = new MutationObserver((some) => void records.push(...some));
  observer.observe(page, { subtree: true, childList: true, characterData: true, attributes: true });
  await during();
  records.push(...observer.takeRecords());
  observer.disconnect();
  return records;
}

test("an update of one job writes a handful of times, and only into its row", async () => {
  const { hear } = await listOf(many(200));
  const records = await writes(() => hear(summary("j00003", { ...many(4)[3], ...running(57), sequence: 2 })));
  expect(records.length).toBeGreaterThan(0);
  expect(records.length).toBeLessThanOrEqual(10);
  expect(records.every(({ type }) => type !== "childList")).toBe(true);
  expect(records.every(({ target }) => (target instanceof Element ? target : target.parentElement)?.closest("[data-row]")?.id === "job-j00003")).toBe(true);
});

test("an update of a job that is not in view writes nothing", async () => {
  const { hear } = await listOf(many(200));
  expect(ids()).not.toContain("j00150");
  expect(await writes(() => hear(summary("j00150", { ...many(151)[150], ...running(57), sequence: 2 })))).toEqual([]);
});

test("of 10,000 jobs only those in view have rows, and no row has a listener", async () => {
  const listeners = vi.spyOn(EventTarget.prototype, "addEventListener");
  await listOf(many(40));
  const few = { nodes: page.querySelectorAll("*").length, listeners: listeners.mock.calls.length };
  await clearedPage();
  listeners.mockClear();
  await listOf(many(10_000));
  expect(rows().length).toBeLessThan(40);
  expect(page.querySelectorAll("*").length).toBeLessThanOrEqual(few.nodes + 60);
  expect(listeners.mock.calls.length).toBeLessThanOrEqual(few.listeners);
  expect(listeners.mock.contexts.filter((target) => target instanceof Element && target.closest("[data-row]"))).toEqual([]);
});

test("scrolling far brings other rows, no more of them, and no listeners", async () => {
  await listOf(many(10_000));
  const listeners = vi.spyOn(EventTarget.prototype, "addEventListener");
  await act(async () => {
    grid().scrollTop = 44 * 5000;
    grid().dispatchEvent(new Event("scroll"));
  });
  expect(ids()).toContain("j05005");
  expect(rows().length).toBeLessThan(50);
  expect(page.querySelector("[role=rowheader]")?.textContent).toContain("Running");
  expect(listeners.mock.contexts.filter((target) => target instanceof Element && grid().contains(target))).toEqual([]);
});

test("a new job comes in at the top of those that wait; while the list is pointed at it waits behind a button", async () => {
  const waiting = many(2, { status: "pending" }).map((job) => ({ ...job, current: undefined }) as unknown as Summary);
  const { hear } = await listOf(waiting);
  await hear(summary("new1", { status: "pending", createdAt: iso(AT + 1000) }));
  expect(ids()).toEqual(["new1", "j00000", "j00001"]);
  const pointer = (type: string) => act(async () => void grid().dispatchEvent(new MouseEvent(type, { bubbles: true, relatedTarget: document.body })));
  await pointer("pointerover");
  await hear(summary("new2", { status: "pending", createdAt: iso(AT + 2000) }), summary("new3", { status: "pending", createdAt: iso(AT + 3000) }));
  expect(ids()).toEqual(["new1", "j00000", "j00001"]);
  const news = [...page.querySelectorAll("button")].find(({ textContent }) => textContent === "2 new");
  expect(news).toBeDefined();
  await act(async () => news?.click());
  expect(ids()).toEqual(["new3", "new2", "new1", "j00000", "j00001"]);
});

test("under the pointer a row that ends stays where it is, and says so", async () => {
  const { hear } = await listOf(many(3));
  await act(async () => void grid().dispatchEvent(new MouseEvent("pointerover", { bubbles: true, relatedTarget: document.body })));
  await hear(summary("j00001", { ...many(2)[1], status: "completed", outputCount: 1, durationMs: 4000, sequence: 2 }));
  expect(ids()).toEqual(["j00000", "j00001", "j00002"]);
  expect(rows()[1]?.textContent).toContain("took 4.0 s");
  await act(async () => void grid().dispatchEvent(new MouseEvent("pointerout", { bubbles: true, relatedTarget: document.body })));
  expect(ids()).toEqual(["j00000", "j00002", "j00001"]);
});

test("a click opens a job, a click on its glyph selects it, and the address says what is listed", async () => {
  const { history, fetch } = await listOf(many(3), "/jobs?show=running&time=30d");
  expect(fetch.mock.calls.some(([url]: unknown[]) => String(url).includes("since="))).toBe(true);
  await act(async () => rows()[1]?.querySelector<HTMLElement>("[data-select]")?.click());
  expect(rows().map((row) => row.getAttribute("aria-selected"))).toEqual(["false", "true", "false"]);
  expect(page.textContent).toContain("1 selected");
  await act(async () => rows()[2]?.querySelector("a")?.click());
  expect(history.at(-1)).toBe("/jobs/j00002");
});

test("the picture of a job is shown from where the monitor says, also by a signed link, and from nothing that is no address", async () => {
  const signed = "https://bucket.example/a?X-Amz-Signature=1";
  const urls = ["/v1/media/a/thumbnail", signed, "javascript:alert(1)"];
  await listOf(many(3).map((job, n) => ({ ...job, status: "completed", thumbnailUrl: urls[n] ?? "" })));
  const shown = rows().map((row) => row.querySelector<HTMLElement>("[data-picture]")?.style.backgroundImage);
  expect(shown).toEqual(['url("http://monitor/v1/media/a/thumbnail")', `url("${signed}")`, undefined]);
});

test("a signed link that has ended has its job told again, by whoever told of it; one of the monitor's own is left alone", async () => {
  const signed = (name: string, signature: string) => `https://bucket.example/${name}?X-Amz-Signature=${signature}`;
  const [live, own, paged] = many(3, { status: "completed" }) as [Summary, Summary, Summary];
  const jobs = (signature: string) => [{ ...live, thumbnailUrl: signed("a", signature) }, { ...own, thumbnailUrl: "/v1/media/b/thumbnail" }];
  let signature = "first";
  const ended = () => [{ ...paged, thumbnailUrl: signed("c", signature) }];
  const { socket, fetch } = await listOf(jobs("first"), "/jobs", { ended, websocketApiEndpoint: "wss://gateway/live" });
  await act(async () => {});
  const pictures = () => rows().map((row) => row.querySelector<HTMLElement>("[data-picture]")?.style.backgroundImage.replace(/.*=/, ""));
  const watchers = () => rows().map((row) => row.querySelector("img[hidden]"));
  expect(watchers().map(Boolean)).toEqual([true, false, true]);

  signature = "second";
  vi.setSystemTime(AT + 12 * 3_600_000);
  const asked = { said: socket.sent.length, fetched: fetch.mock.calls.length };
  await act(async () => watchers().forEach((watcher) => watcher?.dispatchEvent(new Event("error"))));
  expect(socket.sent.slice(asked.said).map(({ action, data }) => `${action} ${data.queueId}`)).toEqual(["subscribe *"]);
  expect(fetch.mock.calls.slice(asked.fetched)).toHaveLength(1);
  await act(async () => socket.says({ type: "snapshot", timestamp: iso(AT), queueId: "*", generations: jobs("second"), instances: [] }));
  expect(pictures()).toEqual(['second")', 'url("http://monitor/v1/media/b/thumbnail")', 'second")']);

  await act(async () => watchers().forEach((watcher) => watcher?.dispatchEvent(new Event("error"))));
  expect([socket.sent.length, fetch.mock.calls.length]).toEqual([asked.said + 1, asked.fetched + 1]);
});
