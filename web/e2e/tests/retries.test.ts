import { drop } from "../harness/browser.js";
import { says } from "../harness/look.js";
import type { Generation } from "../harness/monitor.js";
import { halving } from "../harness/retries.js";
import { file, four } from "../harness/workflows.js";
import { test } from "../harness/world.js";
import { expect } from "vitest";

test("a second attempt shows what was changed and where the first one stopped", async ({ world }) => {
  // The first attempt fails at step 7; the second one stands still at step 5.
  await world.begin(
    { script: { nodes: { "3": { heldAt: 5, fails: { atStep: 7, times: 1 } } } } },
    { settings: halving() },
  );
  const page = await world.page("/");
  await drop(page, file(four()));
  await page.getByRole("button", { name: /^Generate/ }).click();
  await world.fake.held();
  await world.fake.release();
  const banner = page.getByRole("region", { name: "Retry" });
  await banner.getByText("Trying again with a smaller batch").waitFor();
  await world.fake.held();
  await banner.getByText(/Attempt 2 of \d/).waitFor();
  await banner.getByText(/Attempt 1 ran out of GPU memory in/).waitFor();
  await banner.getByText("K-Sampler at step 7 of 20").waitFor();
  await says(banner, /Batch size.*4.*2/);
  const panel = page.getByRole("region", { name: "Currently Processing" });
  await panel.getByText("5/20 steps", { exact: true }).waitFor();
  await panel.getByText(/attempt 1 stopped here/).waitFor();
  await world.fake.release();
  await page.getByRole("button", { name: /^Open / }).first().waitFor();
});

test("between attempts a job can be tried now, or stopped", async ({ world }) => {
  const monitor = await world.begin(
    { script: { nodes: { "3": { fails: { atStep: 7, times: 2 } } } } },
    { settings: halving("1h") },
  );
  const id = await monitor.submit({ workflow: four() });
  const page = await world.page(`/jobs/${id}`);
  const banner = page.getByRole("region", { name: "Retry" });
  await banner.getByText(/Trying again with a smaller batch in/).waitFor();
  await banner.getByRole("button", { name: "Try now" }).click();
  await monitor.when(`/v1/generations/${id}`, ({ attempts, retryCount }: Generation) => attempts.length === 2 && retryCount === 2);
  await banner.getByText(/Attempt 3 of \d/).waitFor();
  await banner.getByRole("button", { name: "Stop retrying" }).click();
  const { status } = await monitor.ended(id);
  expect(status).toBe("failed");
  await page.getByText("What was tried").waitFor();
  await banner.waitFor({ state: "detached" });
});
