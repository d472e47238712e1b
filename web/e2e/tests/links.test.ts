import { expect } from "vitest";
import { portrait } from "../harness/workflows.js";
import { test } from "../harness/world.js";

test("every route answers to its address and to the navigation", async ({ world }) => {
  await world.begin();
  const page = await world.page("/");
  const navigation = page.getByRole("navigation").first();
  for (const [name, path] of [["Jobs", "/jobs"], ["Instances", "/instances"], ["Performance", "/performance"], ["Generate", "/"]] as const) {
    await navigation.getByRole("link", { name, exact: true }).click();
    await page.waitForURL((url) => url.pathname === path);
    const alone = await world.tab(page, path);
    await alone.getByRole("heading", { name, level: 1 }).waitFor();
    expect(await alone.title()).toContain("ComfyUI Monitor");
    await alone.close();
  }
});

test("a job has an address, by its queue id, its prompt id and its attempt", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "8": { fails: { exception: "ValueError", message: "no", times: 1 } } } } });
  const id = await monitor.submit({ workflow: portrait() });
  const failed = await monitor.ended(id);
  const page = await world.page(`/jobs/${id}`);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  // One that is no queue id is looked for twice.
  world.expect(/status of 404/);
  await page.goto(`${monitor.url}/jobs/${failed.promptId}`);
  await page.waitForURL((url) => url.pathname === `/jobs/${id}`);
  await page.getByRole("button", { name: "Run again" }).first().click();
  await monitor.when(`/v1/generations/${id}`, ({ status }: { status: string }) => status === "completed");
  await page.goto(`${monitor.url}/jobs/${id}?attempt=1`);
  await page.getByText("ValueError").first().waitFor();
  await page.goto(`${monitor.url}/jobs/00000000-0000-4000-8000-000000000000`);
  await page.getByRole("heading", { name: "No job with this id", level: 1 }).waitFor();
});

test("an address that leads nowhere says so", async ({ world }) => {
  await world.begin();
  world.expect(/status of 404/);
  const page = await world.page("/instances/nobody/at/all");
  await page.getByText(/There is no page at this address|Instances/).first().waitFor();
});
