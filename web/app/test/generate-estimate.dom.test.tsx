// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type WorkflowForm } from "@comfyui-monitor/react";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EMPTY_FORM, form, load } from "../src/routes/generate/form/form.js";
import { useEstimate } from "../src/routes/generate/form/useEstimate.js";
import { FORM } from "./form.js";

let root: Root;
const workflow = vi.fn<() => Promise<WorkflowForm>>();

class NoSocket extends EventTarget {
  readyState = 0;
  send() {}
  close() {}
}

function Estimated() {
  useEstimate();
  return null;
}

/** A form whose first estimate has come. */
async function show() {
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: NoSocket as unknown as typeof WebSocket, warn: () => {} });
  client.api.workflow = workflow;
  load({ ...FORM, name: "cat.json" });
  act(() => root.render(<MonitorProvider client={client}><Estimated /></MonitorProvider>));
  await pass(1_000);
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const answer = (estimatedWaitTime?: number) => workflow.mockResolvedValue({ ...FORM, ...(estimatedWaitTime !== undefined && { estimatedWaitTime }) });

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  workflow.mockReset();
  root = createRoot(document.createElement("div"));
});
afterEach(() => {
  act(() => root.unmount());
  act(() => form.set(EMPTY_FORM));
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("while something runs before it the wait is asked for again every 10 seconds, and no longer than that", async () => {
  answer(40_000);
  await show();
  expect(workflow).toHaveBeenCalledTimes(1);
  for (const [asked, wait] of [[2, 30_000], [3, 20_000], [4, 10_000]] as const) {
    answer(wait);
    await pass(8_000);
    expect(workflow).toHaveBeenCalledTimes(asked - 1);
    await pass(2_000);
    expect(workflow).toHaveBeenCalledTimes(asked);
    expect(form.get().loaded?.estimatedWaitTime).toBe(wait);
  }
  answer();
  await pass(10_000);
  expect(form.get().loaded?.estimatedWaitTime).toBeUndefined();
  await pass(60_000);
  expect(workflow).toHaveBeenCalledTimes(5);
});

test("a monitor that did not answer is asked again, and what was known stays meanwhile", async () => {
  answer(40_000);
  await show();
  workflow.mockRejectedValue(new Error("no answer"));
  await pass(10_000);
  expect(form.get().loaded?.estimatedWaitTime).toBe(40_000);
  answer(20_000);
  await pass(10_000);
  expect(form.get().loaded?.estimatedWaitTime).toBe(20_000);
  expect(workflow).toHaveBeenCalledTimes(3);
});

test("a form that is gone asks for nothing", async () => {
  answer(40_000);
  await show();
  act(() => root.render(null));
  await pass(60_000);
  expect(workflow).toHaveBeenCalledTimes(1);
});
