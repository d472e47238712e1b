import { expect } from "vitest";
import { portrait } from "../harness/workflows.js";
import { test } from "../harness/world.js";

test("g and a letter go to a route, and the palette to anything", async ({ world }) => {
  await world.begin();
  const page = await world.page("/");
  await page.getByText("Drop a workflow, or a picture that carries one").waitFor();
  for (const [key, path] of [["j", "/jobs"], ["i", "/instances"], ["p", "/performance"], ["g", "/"]] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  await page.keyboard.press("Control+k");
  const field = page.getByRole("dialog").getByRole("combobox");
  await field.fill("perform");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/performance");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Next, previous row or node").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
});

test("the list of jobs is walked, opened and acted on without a mouse", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 10 } } } });
  const first = await monitor.submit({ workflow: portrait("first") });
  await world.fake.held();
  await world.fake.release();
  await monitor.ended(first);
  const second = await monitor.submit({ workflow: portrait("second") });
  await world.fake.held();
  const page = await world.page("/jobs");
  await page.getByRole("row").filter({ hasText: "first" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === `/jobs/${second}`);
  await page.getByRole("region", { name: "Graph" }).waitFor();
  await page.keyboard.press("c");
  expect((await monitor.ended(second)).status).toBe("interrupted");
});

test("single keys type letters where one types", async ({ world }) => {
  await world.begin();
  const page = await world.page("/jobs");
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("gj cat");
  expect(await page.getByRole("searchbox").inputValue()).toBe("gj cat");
  expect(new URL(page.url()).pathname).toBe("/jobs");
});

test("t changes between darkroom and lightbox, and the choice is kept", async ({ world }) => {
  await world.begin();
  const page = await world.page("/jobs", { theme: "dark" });
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  const theme = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await theme();
  await page.keyboard.press("t");
  await expect.poll(theme).not.toBe(dark);
  const light = await theme();
  await page.reload();
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  expect(await theme()).toBe(light);
});
