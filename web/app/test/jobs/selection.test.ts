import { expect, test } from "vitest";
import { cleared, extended, extendedTo, moved, NONE, toggled, within } from "../../src/routes/jobs/selection.js";

const ids = ["a", "b", "c", "d"];
const selected = ({ selected }: { selected: ReadonlySet<string> }) => [...selected].sort().join("");

test("moving begins at either end and stays within the list", () => {
  expect(moved(NONE, ids, 1).current).toBe("a");
  expect(moved(NONE, ids, -1).current).toBe("d");
  expect(moved({ ...NONE, current: "d" }, ids, 1).current).toBe("d");
  expect(moved({ ...NONE, current: "a" }, ids, 10).current).toBe("d");
  expect(moved({ ...NONE, current: "gone" }, ids, 1).current).toBe("a");
  expect(moved(NONE, [], 1)).toBe(NONE);
});

test("extending selects what lies between, and lets go of it on the way back", () => {
  const from = { ...NONE, current: "b" };
  const two = extended(extended(from, ids, 1), ids, 1);
  expect([selected(two), two.current]).toEqual(["bcd", "d"]);
  expect(selected(extended(two, ids, -1))).toBe("bc");
  expect(selected(extendedTo(two, ids, "a"))).toBe("ab");
});

test("selecting one by one, and letting go", () => {
  const two = toggled(toggled(NONE, "a"), "c");
  expect(selected(two)).toBe("ac");
  expect(selected(toggled(two, "a"))).toBe("c");
  expect([selected(cleared(two)), cleared(two).current]).toEqual(["", "c"]);
});

test("what is gone from the list is not selected any more", () => {
  const two = toggled(toggled(NONE, "a"), "c");
  expect(selected(within(two, new Set(["c", "d"])))).toBe("c");
  expect(within(two, new Set(ids))).toBe(two);
});
