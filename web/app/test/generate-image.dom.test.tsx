// @vitest-environment jsdom
import { MonitorClient, MonitorProvider } from "@comfyui-monitor/react";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, expect, test, vi } from "vitest";
import { Form } from "../src/routes/generate/form/Form.js";
import { EMPTY_FORM, form, load } from "../src/routes/generate/form/form.js";
import { FORM, input } from "./form.js";

class NoSocket extends EventTarget {
  readyState = 0;
  send() {}
  close() {}
}

afterEach(() => {
  act(() => form.set(EMPTY_FORM));
  vi.unstubAllGlobals();
});

/** The form with one image, and a file dropped on it. */
async function dropped(answer: () => Response) {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => {} });
  const fetch = vi.fn(async (_url: unknown) => answer());
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: NoSocket as unknown as typeof WebSocket, fetch, warn: () => {} });
  const image = input({ nodeId: "10", input: "image", label: "Image", role: "image", type: "choice", value: "old.png", choices: ["old.png"] });
  load({ ...FORM, inputs: [image], name: "cat.json", instanceId: "cinder" });
  const place = document.body.appendChild(document.createElement("div"));
  const root = createRoot(place);
  await act(async () => root.render(<MonitorProvider client={client}><Form sending={false} problem={undefined} another={false} onSubmit={() => {}} /></MonitorProvider>));

  const drop = new Event("drop", { bubbles: true, cancelable: true });
  Object.assign(drop, { dataTransfer: { types: ["Files"], files: [new File(["x"], "cat.png", { type: "image/png" })] } });
  await act(async () => void place.querySelector('[data-field="10:image"] button')?.dispatchEvent(drop));
  const leave = () => {
    act(() => root.unmount());
    place.remove();
  };
  return { fetch, drop, place, leave };
}

test("an image that is dropped on its field goes to the server at once, and the job with it", async () => {
  const { fetch, drop, place, leave } = await dropped(() => new Response('{"name":"cat (1).png"}'));
  expect(fetch.mock.calls.map(([url]) => url)).toContain("http://monitor/v1/instances/cinder/uploads");
  expect(drop.defaultPrevented).toBe(true);
  expect(form.get()).toMatchObject({ drafts: { "10:image": "cat (1).png" }, instanceId: "cinder", uploadedTo: "cinder" });
  expect(place.querySelector('[role="combobox"]')?.textContent).toBe("cat (1).png");
  leave();
});

test.each([
  [404, '{"message":"Not Found"}'],
  [501, '{"status":501,"detail":"Input images cannot be passed on"}'],
])("a deployment that takes no uploads says so, and the form stays as it was (%i)", async (status, body) => {
  const { place, leave } = await dropped(() => new Response(body, { status }));
  expect(place.querySelector('[role="alert"]')?.textContent).toBe("This deployment takes no uploads: choose an image that the server has");
  expect(form.get().drafts["10:image"]).toBeUndefined();
  expect(place.querySelector('[role="combobox"]')?.textContent).toBe("old.png");
  leave();
});
