import { expect, test } from "vitest";
import { keyName } from "../../src/keys/names.js";
import { formsOf, isSingle, mayAct, Sequences } from "../../src/keys/rules.js";

const inside = (selector: string) => ({ closest: (asked: string) => (asked.includes(selector) ? ({} as Element) : null) }) as Pick<Element, "closest">;
const press = (binding: string, more = {}) => mayAct({ binding, target: null, singles: true, inSequence: false, behindDialog: false, ...more });

test("single keys are those of one character without a modifier", () => {
  expect(["t", "?", "Shift+j", "g j", "0"].map(isSingle)).toEqual([true, true, true, true, true]);
  expect(["$mod+k", "Escape", "Enter", "Control+Enter", "ArrowDown"].map(isSingle)).toEqual([false, false, false, false, false]);
});

test("single keys can be switched off, the others not", () => {
  expect(press("t", { singles: false })).toBe(false);
  expect(press("$mod+k", { singles: false })).toBe(true);
  expect(press("Escape", { singles: false })).toBe(true);
});

test("while typing only keys with a modifier act", () => {
  const target = inside("textarea");
  expect(press("t", { target })).toBe(false);
  expect(press("Enter", { target })).toBe(false);
  expect(press("$mod+Enter", { target })).toBe(true);
});

test("Enter on a button presses the button", () => {
  expect(press("Enter", { target: inside(",button,") })).toBe(false);
  expect(press("j", { target: inside(",button,") })).toBe(true);
});

test("nothing of the page acts behind a dialog", () => {
  expect(press("$mod+k", { behindDialog: true })).toBe(false);
});

test("signs are found with Shift and without, letters only as they are said", () => {
  expect(formsOf("?")).toEqual(["?", "Shift+?"]);
  expect(formsOf("/")).toEqual(["/", "Shift+/"]);
  expect(formsOf("j")).toEqual(["j"]);
  expect(formsOf("g j")).toEqual(["g j"]);
});

test("after g a j goes to Jobs and is no next row, unless it comes late", () => {
  const sequences = new Sequences(["g g", "g j"]);
  expect([sequences.hear("g", 0), sequences.hear("j", 300), sequences.hear("j", 400)]).toEqual([false, true, false]);
  expect([sequences.hear("g", 1_000), sequences.hear("j", 2_500)]).toEqual([false, false]);
  expect([sequences.hear("g", 5_000), sequences.hear("g", 5_100), sequences.hear("j", 5_200)]).toEqual([false, true, false]);
  expect([sequences.hear("g", 9_000), sequences.hear("x", 9_100), sequences.hear("j", 9_200)]).toEqual([false, false, false]);
  expect(press("j", { inSequence: true })).toBe(false);
  expect(press("g j", { inSequence: true })).toBe(true);
});

test("keys are written as they are on the keyboard in use", () => {
  expect([keyName("Ctrl K", true), keyName("Ctrl K", false), keyName("Shift J", true)]).toEqual(["⌘ K", "Ctrl K", "⇧ J"]);
});
