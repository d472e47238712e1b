// @vitest-environment jsdom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Choice } from "../../src/controls/Choice.js";

let root: Root;
const onChange = vi.fn();

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  onChange.mockReset();
  root = createRoot(document.body.appendChild(document.createElement("div")));
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

const show = (labels: string[], value = labels[0] ?? "") =>
  act(() => root.render(<Choice label="Model" value={value} choices={labels.map((label) => ({ value: label, label }))} onChange={onChange} />));
const press = (key: string) => act(() => void document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));
const options = () => [...document.querySelectorAll("[role=option]")].map(({ textContent }) => textContent);
const active = () => document.getElementById(document.activeElement?.getAttribute("aria-activedescendant") ?? "")?.textContent;
const field = () => document.querySelector("button");

function type(text: string) {
  const input = document.querySelector("input");
  if (!input) throw new Error("there is no search");
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
  act(() => void input.dispatchEvent(new Event("input", { bubbles: true })));
}

test("a few choices are opened, walked and chosen with the keyboard, and the focus comes back to the field", () => {
  show(["euler", "ddim", "dpmpp_2m"]);
  field()?.focus();
  press("ArrowDown");
  expect(document.querySelector("input")).toBeNull();
  expect(active()).toBe("euler");
  press("ArrowDown");
  press("End");
  expect(active()).toBe("dpmpp_2m");
  press("Enter");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("dpmpp_2m");
  expect(options()).toEqual([]);
  expect(document.activeElement).toBe(field());
});

test("Escape leaves it as it was", () => {
  show(["euler", "ddim"]);
  field()?.focus();
  press("Enter");
  press("ArrowDown");
  press("Escape");
  expect(onChange).not.toHaveBeenCalled();
  expect(field()?.getAttribute("aria-expanded")).toBe("false");
});

test("hundreds are searched, and not all put on the screen", () => {
  const models = Array.from({ length: 1_000 }, (_, at) => `model_${at}.safetensors`);
  show(models, "model_7.safetensors");
  act(() => field()?.click());
  expect(options()).toHaveLength(200);
  expect(active()).toContain("model_7.");
  expect(document.body.textContent).toContain("800 more");
  type("model_99");
  expect(options()[0]).toBe("model_99.safetensors");
  expect(options()).toHaveLength(11);
  press("Enter");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("model_99.safetensors");
});

test("a search without result says so, and Enter chooses nothing", () => {
  show(Array.from({ length: 20 }, (_, at) => `model_${at}`));
  act(() => field()?.click());
  type("nowhere");
  expect(document.body.textContent).toContain("Nothing with “nowhere”");
  press("Enter");
  expect(onChange).not.toHaveBeenCalled();
});

test("letters typed on the closed field open it at what they begin", () => {
  show(["euler", "ddim", "dpmpp_2m"]);
  field()?.focus();
  press("d");
  expect(active()).toBe("ddim");
});
