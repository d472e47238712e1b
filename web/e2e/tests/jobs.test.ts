import { expect } from "vitest";
import { says } from "../harness/look.js";
import { test } from "../harness/world.js";
import { portrait, TITLE } from "../harness/workflows.js";

test("a running job says where it is in the list, and one line later that it is done", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 15 } } } });
  const page = await world.page("/jobs");
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const row = page.getByRole("row").filter({ hasText: TITLE });
  await row.getByText("K-Sampler, 15/20 steps").waitFor();
  await says(page.getByRole("button", { name: "Running" }), "1");
  await world.fake.release();
  await monitor.ended(id);
  await row.getByRole("img", { name: "Done", exact: true }).waitFor();
  expect(await page.getByRole("row").filter({ hasText: TITLE }).count(), "one row for one job").toBe(1);
});

test("jobs in line say their place, and leave the line when they are cancelled", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 5 } } } });
  const page = await world.page("/jobs");
  await monitor.submit({ workflow: portrait("first") });
  await world.fake.held();
  await monitor.submit({ workflow: portrait("second") });
  const third = await monitor.submit({ workflow: portrait("third") });
  await page.getByRole("row").filter({ hasText: "third" }).getByText(/2nd in line/).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("row").filter({ hasText: "third" }).getByText("third", { exact: true }).hover();
  await page.getByRole("row").filter({ hasText: "third" }).locator("[data-select]").click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("row").filter({ hasText: "third" }).getByText("Cancelling").waitFor();
  const ended = await monitor.ended(third);
  expect(ended.status).toBe("interrupted");
});

test("filters are part of the address", async ({ world }) => {
  const monitor = await world.begin({ script: { classes: { SaveImage: { fails: { exception: "ValueError", message: "the disk is full" } } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await monitor.ended(id);
  const page = await world.page("/jobs");
  await page.getByRole("button", { name: "Went wrong" }).click();
  await page.getByRole("row").filter({ hasText: TITLE }).waitFor();
  await page.reload();
  await page.getByRole("row").filter({ hasText: TITLE }).waitFor();
  await page.getByRole("button", { name: /^Done/ }).click();
  await page.getByRole("row").filter({ hasText: TITLE }).waitFor({ state: "detached" });
});
