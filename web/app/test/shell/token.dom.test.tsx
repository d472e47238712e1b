// @vitest-environment jsdom
import { MonitorClient, MonitorProvider, type ClientOptions } from "@comfyui-monitor/react";
import { act } from "react";
import { expect, test } from "vitest";
import { FakeSocket, WebSocketLike } from "../../../packages/react/test/fake.js";
import { token } from "../../src/connection/token.js";
import { TokenForm } from "../../src/connection/TokenForm.js";
import { mountedForEachTest, page, root } from "../mounted.js";

mountedForEachTest(() => sessionStorage.clear());

/** The form of a page that is locked. */
function asked(more: ClientOptions = {}) {
  sessionStorage.setItem("cm-token", "not/a=token");
  const client = new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, token, ...more });
  client.watchAll();
  act(() => root.render(<MonitorProvider client={client}><TokenForm /></MonitorProvider>));
  return client;
}

function give(text: string) {
  const field = page.querySelector("input") as HTMLInputElement;
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  act(() => void page.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
}

test("a token that was kept and is none locks the page, which can be given another one", () => {
  const client = asked();
  expect(client.connection.getSnapshot()).toEqual({ state: "locked" });
  give("  Bearer 0af3-b.c ");
  expect(FakeSocket.newest().protocols).toEqual(["cm.token.0af3-b.c"]);
  expect(token()).toBe("0af3-b.c");
});

test.each([
  ["c2VjcmV0/a==", "none has “/” in it"],
  ["one two", "none has a blank in it"],
])("what is no token (%s) is not tried, and it says why", (text, says) => {
  asked();
  give(text);
  expect(page.textContent).toContain(says);
  expect(FakeSocket.all).toEqual([]);
  give("right");
  expect(page.textContent).not.toContain("This is no token");
});

test("where the token is found depends on who made it", () => {
  asked();
  expect(page.textContent).toContain("--token-file");
  asked({ websocketApiEndpoint: "wss://gateway/live" });
  expect(page.textContent).toContain("The deployment told it");
  expect(page.textContent).not.toContain("--token-file");
});
