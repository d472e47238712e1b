/** A part of the page in a browser's document, a new one for each test. */
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, vi } from "vitest";
import { FakeSocket } from "../../packages/react/test/fake.js";

/** Of the test that runs. */
export let page: HTMLElement;
export let root: Root;

/** `prepare` is called before there is a page: clocks, and what jsdom lacks. All that it stubs is taken back. */
export function mountedForEachTest(prepare: () => void = () => {}): void {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
    prepare();
    FakeSocket.all = [];
    page = document.body.appendChild(document.createElement("div"));
    root = createRoot(page);
  });
  afterEach(() => {
    act(() => root.unmount());
    page.remove();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
}

/** What was shown is gone, and something else may be. */
export async function clearedPage(): Promise<void> {
  await act(async () => root.unmount());
  root = createRoot(page);
}
