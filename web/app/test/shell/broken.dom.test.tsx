// @vitest-environment jsdom
import { MonitorClient, MonitorProvider } from "@comfyui-monitor/react";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { expect, test, vi } from "vitest";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import { Broken } from "../../src/frame/Broken.js";

function Bomb(): never {
  throw new Error("no such node");
}

test("a page that cannot be drawn says so, and the next one is drawn again", () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  vi.spyOn(console, "error").mockImplementation(() => {});
  FakeSocket.all = [];
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, warn: () => {} });
  const page = document.body.appendChild(document.createElement("div"));
  const root = createRoot(page);
  const draw = (at: string, bomb: boolean) =>
    act(() => root.render(<MonitorProvider client={client}><Broken at={at}>{bomb ? <Bomb /> : <p>all is well</p>}</Broken></MonitorProvider>));
  draw("/jobs", true);
  expect(page.textContent).toContain("This page cannot be shown");
  expect(page.textContent).toContain("no such node");
  draw("/instances", false);
  expect(page.textContent).toBe("all is well");
  act(() => root.unmount());
});
