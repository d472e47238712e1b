import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { MonitorClient, MonitorProvider } from "../src/index.js";
import { UNKNOWN, withFrame, withSnapshot, type JobState } from "../src/core/reducer.js";
import { FakeSocket, WebSocketLike } from "./fake.js";
import { jobs, type Job } from "./golden.js";

/** A page of jsdom's, renewed for each test; a complaint of React's fails it. */
export const page = {
  root: undefined as unknown as Root,
  element: undefined as unknown as HTMLElement,
  /** Object URLs that were made and not given back, and the most there were at a time. */
  urls: new Set<string>(),
  mostUrls: 0,
};

export function usePage() {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    // What a browser has and jsdom has not.
    HTMLDialogElement.prototype.showModal = function () {
      this.open = true;
    };
    HTMLDialogElement.prototype.close = function () {
      this.open = false;
    };
    const { urls } = page;
    urls.clear();
    page.mostUrls = 0;
    let made = 0;
    URL.createObjectURL = () => {
      const url = `blob:${++made}`;
      urls.add(url);
      page.mostUrls = Math.max(page.mostUrls, urls.size);
      return url;
    };
    URL.revokeObjectURL = (url) => void urls.delete(url);
    vi.spyOn(console, "error");
    FakeSocket.all = [];
    page.element = document.body.appendChild(document.createElement("div"));
    page.root = createRoot(page.element);
  });
  afterEach(() => {
    act(() => page.root.unmount());
    page.element.remove();
    expect(console.error).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
}

export const monitor = (options = {}) => new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, warn: () => {}, ...options });

export function show(children: ReactNode, client = monitor()) {
  act(() => page.root.render(<MonitorProvider client={client}>{children}</MonitorProvider>));
}

export const text = () => page.element.textContent ?? "";

export const JOBS = jobs();

export function job(name: string): Job {
  const found = JOBS.find((job) => job.name.startsWith(name));
  if (!found) throw new Error(name);
  return found;
}

/** What is known after each thing heard. */
export function* states({ heard }: Job): Generator<JobState> {
  let state = UNKNOWN;
  for (const one of heard) {
    state = "view" in one ? withSnapshot(state, one.view, one.at) : withFrame(state, one.frame, Date.parse(one.frame.timestamp));
    yield state;
  }
}
