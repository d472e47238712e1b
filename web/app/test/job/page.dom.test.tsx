// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type Generation } from "@comfyui-monitor/react";
import { act } from "react";
import { expect, test, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import { jobs, type Job as GoldenJob } from "../../../packages/react/test/golden.js";
import Job from "../../src/routes/job/index.js";
import { mountedForEachTest, page, root } from "../mounted.js";

mountedForEachTest(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-24T16:39:04.974Z") });
  vi.stubGlobal("ResizeObserver", class { observe() {} unobserve() {} disconnect() {} });
  vi.stubGlobal("DOMMatrixReadOnly", class { m22 = 1; });
});

const recorded = jobs("../../fixtures/frames/");

function golden(name: string, has: (view: Generation) => boolean = () => true): GoldenJob {
  const found = recorded.find((job) => job.name.startsWith(name) && viewsOf(job).some(has));
  if (!found) throw new Error(`no recording ${name}`);
  return found;
}

const viewsOf = (job: GoldenJob) => job.heard.flatMap((heard) => ("view" in heard ? [heard.view] : []));

/** The page of a job, over a monitor that answers with these. */
async function openPage(path: string, answers: Record<string, unknown> = {}) {
  const fetch = vi.fn(async (url: unknown) => {
    const at = new URL(String(url)).pathname;
    if (at.endsWith("/events")) return new Response(JSON.stringify({ items: [] }));
    if (at.endsWith("/workflow")) return new Response('{"3":{"inputs":{"seed":18446744073709551615}}}');
    return at in answers ? new Response(JSON.stringify(answers[at])) : new Response("{}", { status: 404 });
  });
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch: fetch as typeof globalThis.fetch, warn: () => {} });
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const queueId = path.replace(/^\/jobs\//, "").replace(/\?.*/, "");
  const Routed = () => <Job params={{ queueId: (hook()[0] as string).replace("/jobs/", "") }} />;
  await act(async () => {
    root.render(<Router hook={hook} searchHook={searchHook}><MonitorProvider client={client}><Routed /></MonitorProvider></Router>);
  });
  const socket = FakeSocket.newest();
  await act(async () => void socket.open());
  const says = (...frames: unknown[]) => act(async () => frames.forEach((frame) => socket.says(frame)));
  const snapshot = (generation: Generation | null) => says({ type: "snapshot", timestamp: "2026-11-24T16:39:04.974Z", queueId: generation?.queueId ?? queueId, generation });
  return { says, snapshot, history, fetch };
}

const text = () => page.textContent ?? "";
const region = (name: string) => page.querySelector(`[aria-label="${name}"]`)?.textContent ?? "";

test("a job is followed from its first frame to its end: message, timeline, outputs", async () => {
  const job = golden("02-txt2img");
  const [first] = viewsOf(job) as [Generation];
  const { says, snapshot } = await openPage(`/jobs/${first.queueId}`, { [`/v1/generations/${first.queueId}`]: viewsOf(job).at(-1) });
  await snapshot(first);
  const seen = { message: 0, now: 0 };
  for (const heard of job.heard) {
    if (!("frame" in heard)) continue;
    await says(heard.frame);
    const { frame } = heard;
    if (frame.type !== "job_progress" || !frame.progressData) continue;
    if (text().includes(frame.progressData.message)) seen.message += 1;
    if (region("Timeline").includes("now 0:")) seen.now += 1;
  }
  expect(seen.message).toBeGreaterThan(10);
  expect(seen.now).toBeGreaterThan(10);
  expect(region("Events")).toMatch(/^Events \d+/);
  expect(region("Outputs")).toContain("1 image");
  expect(region("Timeline")).not.toContain("now 0:");
  expect(page.querySelectorAll("table tbody tr").length).toBe(first.nodes.length || 7);
  expect(page.querySelector('[data-kind="running"]')).toBeNull();
});

test("nodes that run at once say so in the timeline", async () => {
  const job = golden("10-parallel", ({ nodes }) => nodes.length > 0);
  const last = viewsOf(job).at(-1) as Generation;
  const { snapshot } = await openPage(`/jobs/${last.queueId}`, { [`/v1/generations/${last.queueId}`]: last });
  await snapshot(last);
  expect(region("Timeline")).toContain("in parallel");
});

test("a graph of 155 nodes shows what is in view, and folds what came from cache", async () => {
  const job = golden("19-large-graph", ({ nodes }) => nodes.length > 100);
  const view = viewsOf(job).findLast(({ nodes }) => nodes.length > 100) as Generation;
  const nodes = view.nodes.map((node, at) => (at < 150 ? { ...node, state: "cached" as const } : node));
  const { snapshot } = await openPage(`/jobs/${view.queueId}`);
  await snapshot({ ...view, nodes });
  expect(region("Timeline")).toContain("150 nodes from cache");
  expect(region("Timeline")).toContain("Show 150 cached");
});

test("a failed job says cause and node, what may help, what was tried, and where it stopped", async () => {
  const job = golden("08-oom", ({ status }) => status === "failed");
  const view = viewsOf(job).findLast(({ status }) => status === "failed") as Generation;
  const suggestions = [{ kind: "instance", title: "Run it on cinder", detail: "It has 48 GB of memory", instanceId: "cinder" }];
  const { snapshot } = await openPage(`/jobs/${view.queueId}`, { [`/v1/generations/${view.queueId}`]: { ...view, suggestions } });
  await snapshot(view);
  expect(page.querySelector("[role=alert] h2")?.textContent).toBe("The card ran out of memory in Trace Raise");
  expect(text()).toContain("It stopped at step 3 of 10");
  expect(text()).toContain("It wanted 20.0 GB more; 1.2 of 24 GB was free.");
  expect([...page.querySelectorAll("button")].map((button) => button.textContent)).toContain("Run on cinder");
  for (const words of ["What is likely to work", "What was tried", "Where it stopped", "torch.OutOfMemoryError", "Attempt 1"]) expect(text()).toContain(words);
});

test("a job that was retried shows its attempts, and an earlier one at its address", async () => {
  const view = viewsOf(golden("retried", ({ attempts }) => attempts.length > 1)).at(-1) as Generation;
  const before = { ...view, promptId: "prompt-1", status: "failed", attempts: view.attempts.slice(0, 1), error: view.attempts[0]?.error } as Generation;
  const { snapshot } = await openPage(`/jobs/${view.queueId}?attempt=1`, { "/v1/jobs/prompt-1": before, [`/v1/generations/${view.queueId}`]: view });
  await snapshot(view);
  expect(page.querySelector('[aria-label="Attempts"] [aria-current="page"]')?.textContent).toContain("Attempt 1");
  expect(text()).toContain("The card ran out of memory");
  expect(text()).not.toContain("What is likely to work");
});

test("the seed is told to its last digit", async () => {
  const view = viewsOf(golden("02-txt2img")).at(-1) as Generation;
  const { snapshot } = await openPage(`/jobs/${view.queueId}`, { [`/v1/generations/${view.queueId}`]: view });
  await snapshot(view);
  expect(region("Outputs").replace(/\s/g, "")).toContain("18446744073709551615");
});

test("a prompt id leads to its job; an id that nobody knows says so", async () => {
  const view = viewsOf(golden("02-txt2img")).at(-1) as Generation;
  const { snapshot, history } = await openPage("/jobs/some-prompt", { "/v1/jobs/some-prompt": { ...view, attempts: [{ promptId: "some-prompt", number: 1 }, { promptId: "x", number: 2 }] } });
  await snapshot(null);
  expect(history?.at(-1)).toBe(`/jobs/${view.queueId}?attempt=1`);
});

test("what cannot be an id of a job is asked for as a prompt id at once", async () => {
  await openPage("/jobs/nobody");
  expect(text()).toContain("No job with this id");
});

test("an unknown job says that none has this id", async () => {
  const { snapshot } = await openPage("/jobs/00000000-0000-4000-8000-000000000000");
  expect(text()).not.toContain("No job with this id");
  await snapshot(null);
  expect(text()).toContain("No job with this id");
  expect(text()).toContain("It may be older than the 30 days that are kept");
});
