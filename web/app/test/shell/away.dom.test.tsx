// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type Instance } from "@comfyui-monitor/react";
import { act, type ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import { ComfyAwayBanner } from "../../src/connection/ComfyAway.js";
import { StageEmpty } from "../../src/routes/generate/stage/StageEmpty.js";
import Instances from "../../src/routes/instances/index.js";
import { UNFILTERED } from "../../src/routes/jobs/filters.js";
import { JobsEmpty } from "../../src/routes/jobs/JobsEmpty.js";
import { toaster } from "../../src/toasts/toasts.js";
import { instance } from "../instances/fleet.js";
import { mountedForEachTest, page, root } from "../mounted.js";

mountedForEachTest(() => vi.useFakeTimers());

const off = (name: string) => instance(name, { url: "localhost:8188", state: "disconnected", nextTryAt: new Date(Date.now() - 60_000).toISOString() });
const unheard = ({ comfyuiVersion: _, ...known }: Instance): Instance => known;
const GATEWAY = { websocketApiEndpoint: "wss://gateway/live" };

/** A part of the page, where these are the servers; every call of the API is refused. */
async function shown(what: ReactNode, instances: Instance[], more = {}) {
  const asked: string[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    asked.push(`${init?.method} ${String(url).replace("http://monitor", "")}`);
    return new Response('{"status":503,"detail":"Not now"}', { status: 503 });
  };
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, fetch, warn: () => {}, ...more });
  await act(async () => root.render(<MonitorProvider client={client}>{what}</MonitorProvider>));
  await act(async () => FakeSocket.newest().open().says({ type: "snapshot", timestamp: new Date().toISOString(), queueId: "*", generations: [], instances }));
  return { asked, text: page.textContent ?? "", button: () => [...page.querySelectorAll("button")].find(({ textContent }) => textContent === "Try now") };
}

const jobs = <JobsEmpty filters={UNFILTERED} onFilters={() => {}} />;

test.each([
  ["the banner", <ComfyAwayBanner />],
  ["the list of jobs", jobs],
  ["the stage", <StageEmpty />],
])("a server that is away is named by its address, and %s tells of a try that was refused", async (_, what) => {
  const { asked, text, button } = await shown(what, [off("default")]);
  expect(text).toContain("Waiting for ComfyUI at localhost:8188");
  expect(text).toContain("COMFYUI_HOST");
  const told = vi.spyOn(toaster, "tell");
  await act(async () => button()?.click());
  expect(asked).toContain("POST /v1/instances/default/reconnect");
  expect(told.mock.calls[0]?.[0]).toMatchObject({ title: "default was not asked", text: "Not now" });
});

test("behind a gateway instances that are off are waited for by name, and nothing is offered that cannot be done", async () => {
  const two = await shown(<ComfyAwayBanner />, [off("gpu-1"), off("gpu-2")], GATEWAY);
  expect(two.text).toBe("Waiting for gpu-1 and gpu-2They are off, or cannot be reached. Jobs wait for them, and run when they are back.");
  for (const what of [<StageEmpty />, jobs, <Instances />]) {
    const { text, button } = await shown(what, [off("gpu-1")], GATEWAY);
    expect(button()).toBeUndefined();
    expect(text).not.toMatch(/ComfyUI at|COMFYUI_HOST|Try now/);
  }
});

test("behind a gateway jobs are made though every instance is off", async () => {
  expect((await shown(<StageEmpty />, [off("gpu-1")], GATEWAY)).text).toContain("in the form sends it, and it starts when an instance is back");
  expect((await shown(jobs, [off("gpu-1")], GATEWAY)).text).toContain("No jobs in the last 7 days");
});

test("behind a gateway the card of one that is off says that jobs wait for it", async () => {
  const { text } = await shown(<Instances />, [off("gpu-1"), instance("gpu-2")], GATEWAY);
  expect(text).toContain("jobs wait for it");
  expect(text).not.toContain("gets no new jobs");
});

test("behind a gateway an instance that was never heard of is waited for, and where there is none it says how one comes", async () => {
  expect((await shown(<Instances />, [unheard(off("gpu-1"))], GATEWAY)).text).toContain("Waiting for gpu-1");
  expect((await shown(<Instances />, [], GATEWAY)).text).toContain("start a monitor beside ComfyUI");
});
