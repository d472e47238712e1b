import { expect } from "vitest";
import { test } from "../harness/world.js";

test("the page loads without a complaint", async ({ world }) => {
  await world.begin();
  const page = await world.page("/jobs");
  expect(await page.locator("#root").count()).toBe(1);
});
