import { expect } from "vitest";
import { says } from "../harness/look.js";
import type { Generation } from "../harness/monitor.js";
import { AT_ONCE, parallel, portrait } from "../harness/workflows.js";
import { test } from "../harness/world.js";

test("an expanded node shows its children while they run", async ({ world }) => {
  const child = { name: "inner", class: "KSampler", rule: { steps: 8, heldAt: 3 } };
  const monitor = await world.begin({ script: { nodes: { "3": { children: [child] } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const page = await world.page(`/jobs/${id}`);
  await page.getByText(/3\/8/).first().waitFor();
  await world.fake.release();
  const { status, nodes } = await monitor.ended(id);
  expect(status).toBe("completed");
  expect(nodes.some(({ nodeId }) => nodeId.startsWith("3.")), "the child is kept").toBe(true);
  await says(page.getByRole("region", { name: "Overall" }), "100");
});

test("a job all from cache says that there was nothing to do", async ({ world }) => {
  const monitor = await world.begin({ script: { caching: true } });
  await monitor.ended(await monitor.submit({ workflow: portrait() }));
  const id = await monitor.submit({ workflow: portrait() });
  await monitor.ended(id);
  const page = await world.page(`/jobs/${id}`);
  await page.getByText("Nothing to do: all 7 nodes came from cache").waitFor();
  await page.getByRole("button", { name: "New seed" }).waitFor();
});

test("a failed job says which node failed and why, and is run again by hand", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "8": { fails: { exception: "ValueError", message: "the latent is empty", times: 1 } } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await monitor.ended(id);
  const page = await world.page(`/jobs/${id}`);
  await page.getByText("ValueError").first().waitFor();
  await page.getByText("the latent is empty").first().waitFor();
  await page.getByRole("heading", { name: /VAE Decoder/ }).first().waitFor();
  await page.getByRole("button", { name: "Run again" }).first().click();
  const again = await monitor.when(`/v1/generations/${id}`, ({ status }: Generation) => status === "completed");
  expect(again.attempts.length).toBe(2);
  expect(again.retryCount, "tries by hand are not counted").toBe(0);
  await says(page.getByRole("region", { name: "Overall" }), "100");
});

test("a job that is cancelled ends as stopped, not as failed", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 12 } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const page = await world.page(`/jobs/${id}`);
  await page.getByRole("button", { name: "Cancel" }).click();
  const { status } = await monitor.ended(id);
  expect(status).toBe("interrupted");
  await page.getByRole("button", { name: "Run again" }).first().waitFor();
  expect(await page.getByRole("heading", { name: /failed/i }).count()).toBe(0);
});

test("two nodes that run at once both stand in graph and timeline", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: AT_ONCE } });
  const id = await monitor.submit({ workflow: parallel() });
  await monitor.when(`/v1/generations/${id}`, ({ nodes }: Generation) => nodes.filter(({ state }) => state === "running").length === 2);
  const page = await world.page(`/jobs/${id}`);
  for (const part of ["Graph", "Timeline"]) {
    for (const name of ["Left hand", "Right hand"]) await page.getByRole("region", { name: part }).getByText(name).first().waitFor();
  }
});
