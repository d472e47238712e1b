// @vitest-environment jsdom
import { MonitorClient, MonitorProvider } from "@comfyui-monitor/react";
import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Form } from "../src/routes/generate/form/Form.js";
import { EMPTY_FORM, form, load, refuse } from "../src/routes/generate/form/form.js";
import { FORM } from "./form.js";

let root: Root;
let place: HTMLElement;
const onSubmit = vi.fn();

class NoSocket extends EventTarget {
  readyState = 0;
  send() {}
  close() {}
}

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("CSS", { escape: (text: string) => text.replace(/[:.]/g, "\\$&") });
  Element.prototype.scrollIntoView ??= () => {};
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
  onSubmit.mockClear();
});
afterEach(() => {
  act(() => root.unmount());
  act(() => form.set(EMPTY_FORM));
  place.remove();
  vi.unstubAllGlobals();
});

function show(about: Partial<Parameters<typeof Form>[0]> = {}) {
  const fetch = async () => new Response("{}");
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: NoSocket as unknown as typeof WebSocket, fetch, warn: () => {} });
  const page: ReactNode = <Form sending={false} problem={undefined} another={false} onSubmit={onSubmit} {...about} />;
  load({ ...FORM, name: "cat.json" });
  act(() => root.render(<MonitorProvider client={client}>{page}</MonitorProvider>));
}

const labelled = (label: string) => {
  const found = [...place.querySelectorAll("label")].find(({ textContent }) => textContent === label);
  return document.getElementById(found?.htmlFor ?? "") as HTMLInputElement;
};
const button = (text: string) => [...place.querySelectorAll("button")].find(({ textContent }) => textContent?.startsWith(text)) as HTMLButtonElement;

function typeInto(field: HTMLInputElement | HTMLTextAreaElement, text: string) {
  act(() => {
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

test("the card names the workflow and what was found in it; fields carry labels and the node they belong to", () => {
  show();
  expect(place.textContent).toContain("cat.json7 nodes, 9 inputs found");
  expect(labelled("Prompt").value).toBe("a cat");
  expect(place.querySelector('[data-field="6:text"]')?.textContent).toContain("CLIP Text Encoder");
  expect(labelled("Size").textContent).toBe("128 × 128");
});

test("typing out of bounds marks the field, says why, and is summed up over the button", () => {
  show();
  typeInto(labelled("Steps"), "0");
  const field = labelled("Steps");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(field.getAttribute("aria-describedby") ?? "")?.textContent).toBe("0 is below the least, 1");
  expect(place.querySelector('[role="alert"]')?.textContent).toBe("One thing to mendK-Sampler, steps: 0 is below the least, 1");
  typeInto(labelled("Steps"), "12");
  expect(place.querySelector('[role="alert"]')).toBeNull();
});

test("what ComfyUI refused is at its field, and a click on it goes there, unfolding where need be", () => {
  show();
  act(() => refuse([{ nodeId: "5", nodeTitle: "Empty Latent Image", input: "batch_size", message: "5000 is above the most, 4096" }]));
  expect(place.querySelector('[role="alert"]')?.textContent).toContain("ComfyUI refused it: one thing to mend");
  expect(labelled("Batch size")).toBeNull();
  act(() => button("Empty Latent Image, batch size").click());
  expect(labelled("Batch size").getAttribute("aria-invalid")).toBe("true");
  expect(document.activeElement).toBe(labelled("Batch size"));
});

test("the dice put another seed into the field at once", () => {
  show();
  const before = labelled("Seed").value;
  act(() => (place.querySelector('[aria-label="New seed"]') as HTMLButtonElement).click());
  expect(labelled("Seed").value).not.toBe(before);
  expect(form.get().drafts["3:seed"]).toMatch(/^\d+$/);
});

test("all inputs are folded until they are asked for", () => {
  show();
  const all = place.querySelector("details") as HTMLDetailsElement;
  expect(all.querySelector("summary")?.textContent).toBe("All 12 inputs");
  act(() => {
    all.open = true;
    all.dispatchEvent(new Event("toggle"));
  });
  expect(labelled("Denoise").value).toBe("1");
});

test("a job that waits or runs only changes the button's words", () => {
  show({ another: true });
  expect(labelled("Prompt").disabled).toBe(false);
  act(() => button("Generate another").click());
  expect(onSubmit).toHaveBeenCalledTimes(1);
});

test("the workflow can be taken out", () => {
  show();
  act(() => (place.querySelector('[aria-label="Remove the workflow"]') as HTMLButtonElement).click());
  expect(form.get().loaded).toBeUndefined();
});
