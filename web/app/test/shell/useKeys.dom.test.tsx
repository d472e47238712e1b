// @vitest-environment jsdom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { singleKeys, useKeys, type Keys, type KeysOptions } from "../../src/keys/useKeys.js";

let root: Root;
let place: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  singleKeys.set("on");
  vi.unstubAllGlobals();
});

function Bound({ keys, options }: { keys: Keys; options?: KeysOptions }) {
  useKeys(keys, options);
  return <input />;
}

function press(key: string, { on = document.body, ...more }: KeyboardEventInit & { on?: Element } = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  act(() => void on.dispatchEvent(event));
  return event;
}

test("a key does what it is bound to now, and the browser nothing", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  act(() => root.render(<Bound keys={{ j: first }} />));
  act(() => root.render(<Bound keys={{ j: second }} />));
  expect(press("j").defaultPrevented).toBe(true);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
});

test("keys are text while typing, and none of one letter acts when they are switched off", () => {
  const act1 = vi.fn();
  act(() => root.render(<Bound keys={{ j: act1 }} />));
  press("j", { on: place.querySelector("input") ?? place });
  singleKeys.set("off");
  press("j");
  expect(act1).not.toHaveBeenCalled();
});

test("the route's meaning of a key comes before that of the whole page, whichever came first", () => {
  const [route, page] = [vi.fn(), vi.fn()];
  const both = (
    <>
      <Bound keys={{ c: route }} />
      <Bound keys={{ c: page, t: page }} options={{ last: true }} />
    </>
  );
  act(() => root.render(both));
  press("c");
  expect([route.mock.calls.length, page.mock.calls.length]).toEqual([1, 0]);
  press("t");
  expect(page).toHaveBeenCalledOnce();
});

test("g j goes there without moving in the list", () => {
  const [row, go] = [vi.fn(), vi.fn()];
  act(() => root.render(<><Bound keys={{ j: row }} /><Bound keys={{ "g j": go }} options={{ last: true }} /></>));
  press("g");
  press("j");
  expect([row.mock.calls.length, go.mock.calls.length]).toEqual([0, 1]);
  press("j");
  expect(row).toHaveBeenCalledOnce();
});

test("an open dialog has its keys for itself", () => {
  const [page, own] = [vi.fn(), vi.fn()];
  const dialog = document.createElement("dialog");
  document.body.append(dialog);
  act(() => root.render(<><Bound keys={{ "$mod+k": page }} /><Bound keys={{ "$mod+k": own }} options={{ dialog: () => dialog }} /></>));
  press("k", { ctrlKey: true });
  expect([page.mock.calls.length, own.mock.calls.length]).toEqual([1, 0]);
  dialog.setAttribute("open", "");
  press("k", { ctrlKey: true });
  expect([page.mock.calls.length, own.mock.calls.length]).toEqual([1, 1]);
});

test("what is gone from the page binds no keys", () => {
  const gone = vi.fn();
  act(() => root.render(<Bound keys={{ j: gone }} />));
  act(() => root.render(null));
  press("j");
  expect(gone).not.toHaveBeenCalled();
});
