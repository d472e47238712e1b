// @vitest-environment jsdom
import { act, createElement, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MonitorClient, MonitorProvider, useGeneration, useInstances, useLiveJob, useLiveJobs, useLiveOrder, type Generation } from "../src/index.js";
import { FakeSocket, WebSocketLike } from "./fake.js";
import { jobs } from "./golden.js";

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  FakeSocket.all = [];
  root = createRoot(document.createElement("div"));
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

const retried = jobs().find(({ name }) => name.startsWith("retried"))?.heard ?? [];
const first = (retried[0] as { view: Generation }).view;

/** Renders a hook, and gives what it returned last. */
function using<T>(hook: () => T, answer: unknown = first) {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(JSON.stringify(answer), { status: 201 }));
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch, warn: () => {} });
  const now = { value: undefined as T };
  const Probe = () => {
    now.value = hook();
    return null;
  };
  act(() => root.render(createElement(StrictMode, null, createElement(MonitorProvider, { client }, createElement(Probe)))));
  return { now: () => now.value, fetch };
}

test("a generation from the button to its last output, with a retry between", async () => {
  const { now } = using(() => useGeneration({ previews: true }));
  expect(now()).toMatchObject({ isGenerating: false, overallPercentage: 0, generatedImages: [], currentNodeIndex: -1 });
  await act(async () => void (await now().generateImages({ "3": {} })));
  expect(now()).toMatchObject({ queueId: first.queueId, isGenerating: true, queueStatus: { status: "pending" } });

  const socket = FakeSocket.newest();
  act(() => void socket.open());
  expect(socket.sent).toEqual([{ action: "subscribe", data: { queueId: first.queueId, previews: true } }]);
  const seen: string[] = [];
  for (const heard of retried) {
    if (!("frame" in heard)) continue;
    act(() => socket.says(heard.frame));
    if (heard.frame.type === "job_retry") {
      expect(now()).toMatchObject({ isRetrying: true, retryCount: 1, isGenerating: true, currentMessage: heard.frame.message });
      expect(now().retry?.reason).toBe(heard.frame.error.message);
    }
    if (now().currentNode === "K-Sampler") seen.push(`${now().progress}/${now().maxProgress} ${now().currentMessage}`);
  }
  expect(seen).toContain("12/20 Working on K-Sampler");
  expect(now()).toMatchObject({ isGenerating: false, isRetrying: false, overallPercentage: 100, error: undefined });
  expect(now().generatedImages.map(({ status }) => status)).toEqual(["stored", "failed"]);
  expect(now().nodeHistory.length).toBe(now().workflowNodes.length);

  act(() => now().clearResults());
  expect(now()).toMatchObject({ queueId: undefined, generatedImages: [], workflowNodes: [] });
});

test("a preview is shown while its job works", () => {
  const { now } = using(() => useGeneration({ queueId: first.queueId, previews: true }));
  const socket = FakeSocket.newest();
  act(() => void socket.open());
  const header = new TextEncoder().encode(JSON.stringify({ type: "preview", queueId: first.queueId, contentType: "image/png" }));
  const bytes = new Uint8Array(4 + header.length + 2);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, 4);
  act(() => socket.says(bytes.buffer));
  expect(now().preview?.image.length).toBe(2);
});

test("a workflow that is refused is an error of the hook, and a rejection", async () => {
  const { now, fetch } = using(() => useGeneration());
  const error = { type: "submission_refused", message: "Value not in list" };
  fetch.mockResolvedValueOnce(new Response(JSON.stringify({ status: 422, detail: "refused", error }), { status: 422 }));
  await act(async () => {
    await expect(now().generateImages({})).rejects.toMatchObject({ status: 422 });
  });
  expect(now()).toMatchObject({ error, isGenerating: false });
});

/** The list is applied once a frame. */
const painted = () => new Promise<void>((done) => void setTimeout(done, 60));

test("all jobs and instances share one subscription", async () => {
  const { now } = using(() => ({ ...useLiveJobs(), ...useInstances() }));
  const socket = FakeSocket.newest();
  act(() => void socket.open());
  expect(socket.sent).toEqual([{ action: "subscribe", data: { queueId: "*", previews: false } }]);
  const timestamp = first.createdAt;
  const job = { ...first, strip: [], outputCount: 0 };
  const instance = { instanceId: "default", state: "connected" };
  act(() => socket.says({ type: "snapshot", timestamp, queueId: "*", generations: [job], instances: [instance] }));
  act(() => socket.says({ type: "generation_update", timestamp, generation: { ...job, queueId: "other", createdAt: "2030" } }));
  act(() => socket.says({ type: "generation_update", timestamp, generation: { ...job, overallPercentage: 7, sequence: 99 } }));
  act(() => socket.says({ type: "generation_update", timestamp, generation: { ...job, overallPercentage: 3, sequence: 98 } }));
  act(() => socket.says({ type: "instance_update", timestamp, instance: { ...instance, state: "polling" } }));
  await act(painted);
  expect(now().jobs.map(({ queueId, overallPercentage }) => [queueId, overallPercentage])).toEqual([["other", 0], [first.queueId, 7]]);
  expect(now().instances).toEqual([{ ...instance, state: "polling" }]);
});

test("a row of a list is rendered for its own job, and the list for its order", async () => {
  const rendered = { row: 0, list: 0 };
  const job = (queueId: string, more = {}) => ({ ...first, queueId, strip: [], outputCount: 0, sequence: 1, ...more });
  const timestamp = first.createdAt;
  const Row = () => (rendered.row++, useLiveJob("one")?.overallPercentage);
  const List = () => (rendered.list++, useLiveOrder().waiting.length);
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, warn: () => {} });
  const element = document.createElement("div");
  const other = createRoot(element);
  act(() => other.render(createElement(MonitorProvider, { client }, createElement(Row), createElement(List))));
  const own = FakeSocket.newest().open();
  act(() => own.says({ type: "snapshot", timestamp, queueId: "*", generations: [job("one"), job("two")], instances: [] }));
  rendered.row = rendered.list = 0;
  act(() => own.says({ type: "generation_update", timestamp, generation: job("two", { overallPercentage: 4, sequence: 2 }) }));
  await act(painted);
  expect(rendered).toEqual({ row: 0, list: 0 });
  act(() => own.says({ type: "generation_update", timestamp, generation: job("one", { overallPercentage: 4, sequence: 2 }) }));
  await act(painted);
  expect([rendered, element.textContent]).toEqual([{ row: 1, list: 0 }, "42"]);
  act(() => other.unmount());
});

test("a server renders it without a connection", () => {
  const Probe = () => `${useGeneration({ queueId: "q" }).overallPercentage} ${useLiveJobs().jobs.length}`;
  expect(renderToString(createElement(Probe))).toBe("0 0");
  expect(FakeSocket.all).toEqual([]);
});
