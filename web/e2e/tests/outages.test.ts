import { expect } from "vitest";
import { says } from "../harness/look.js";
import { PATIENCE } from "../harness/process.js";
import { portrait, TITLE } from "../harness/workflows.js";
import { test } from "../harness/world.js";

/** What browsers say of a server that is not there. */
const AWAY = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_INTERNET_DISCONNECTED/, /WebSocket connection to/];
const held = { script: { nodes: { "3": { heldAt: 10 } } } };

test("a ComfyUI that is restarted loses its job, and the open page says so by itself", async ({ world }) => {
  const monitor = await world.begin(held);
  const lost = await monitor.submit({ workflow: portrait("the lost one") });
  await world.fake.held();
  const page = await world.page(`/jobs/${lost}`);
  const list = await world.tab(page, "/jobs");
  await page.getByText("10/20").first().waitFor();
  await world.fake.kill();
  await monitor.when<{ items: { state: string }[] }>("/v1/instances", ({ items }) => items[0]?.state !== "connected");
  await world.fake.restart();
  await page.getByText(/came back without this job/).first().waitFor();
  const next = await monitor.submit({ workflow: portrait("the next one") });
  await world.fake.held();
  await world.fake.release();
  await monitor.ended(next);
  await list.getByRole("row").filter({ hasText: "the next one" }).getByRole("img", { name: "Done", exact: true }).waitFor();
  for (const title of ["the lost one", "the next one"]) {
    expect(await list.getByRole("row").filter({ hasText: title }).count(), title).toBe(1);
  }
  const { retryCount, attempts } = await monitor.generation(lost);
  expect([retryCount, attempts.length]).toEqual([0, 1]);
});

test("a monitor that is restarted is waited for, and what it tells then is all there is, once", async ({ world }) => {
  world.expect(...AWAY);
  const monitor = await world.begin(held);
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const page = await world.page(`/jobs/${id}`);
  const list = await world.tab(page, "/jobs");
  await page.getByText("10/20").first().waitFor();
  await monitor.crash();
  await page.getByText("No connection to the monitor").waitFor();
  await says(page.getByRole("region", { name: "Overall" }), /was/);
  await monitor.restart();
  await page.getByText("No connection to the monitor").waitFor({ state: "detached" });
  await list.getByText("No connection to the monitor").waitFor({ state: "detached" });
  await world.fake.release();
  await monitor.ended(id);
  await says(page.getByRole("region", { name: "Overall" }), "100");
  await list.getByRole("row").filter({ hasText: TITLE }).getByRole("img", { name: "Done", exact: true }).waitFor();
  expect(await list.getByRole("row").filter({ hasText: TITLE }).count()).toBe(1);
});

test("a page without a network keeps what it shows, and catches up when it is back", async ({ world }) => {
  world.expect(...AWAY);
  const monitor = await world.begin(held);
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const page = await world.page(`/jobs/${id}`);
  await page.getByText("10/20").first().waitFor();
  await page.context().setOffline(true);
  // A browser without a network keeps the sockets it has: the page learns of it from the browser.
  await world.fake.release();
  await monitor.ended(id);
  await page.context().setOffline(false);
  await says(page.getByRole("region", { name: "Overall" }), "100");
  const outputs = page.getByRole("button", { name: /^Open / });
  await expect.poll(() => outputs.count(), { timeout: PATIENCE }).toBe(1);
});

test("a page that is asked for without a network comes with the network", async ({ world }) => {
  await world.begin();
  world.expect(/ERR_INTERNET_DISCONNECTED/, /Failed to fetch dynamically imported module/);
  const page = await world.page("/");
  await page.getByRole("link", { name: "Performance" }).waitFor();
  await page.context().setOffline(true);
  await Promise.all([page.waitForEvent("requestfailed"), page.getByRole("link", { name: "Performance" }).click()]);
  await page.context().setOffline(false);
  await page.getByText("Nothing has run yet").waitFor();
});

test("a reload in the middle of a job brings all of it back", async ({ world }) => {
  const monitor = await world.begin(held);
  const page = await world.page("/jobs");
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  await page.goto(`${monitor.url}/jobs/${id}`);
  await page.getByText("10/20").first().waitFor();
  // The graph is a script of its own, which comes later than the rest.
  const drawn = () => page.getByRole("region", { name: "Graph" }).getByText(/K-Sampler/).nth(1).waitFor();
  await drawn();
  const shown = async () => ({
    title: await page.getByRole("heading", { level: 1 }).first().textContent(),
    graph: await page.getByRole("region", { name: "Graph" }).getByText(/K-Sampler/).count(),
  });
  const before = await shown();
  await page.reload();
  await page.getByText("10/20").first().waitFor();
  await drawn();
  expect(await shown()).toEqual(before);
  await world.fake.release();
  await monitor.ended(id);
  await page.reload();
  await says(page.getByRole("region", { name: "Overall" }), "100");
  await page.getByRole("button", { name: /^Open / }).first().waitFor();
});

test("three tabs on one job say the same, and one that cancels tells the others", async ({ world }) => {
  const monitor = await world.begin(held);
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const first = await world.page(`/jobs/${id}`);
  const tabs = [first, await world.tab(first, `/jobs/${id}`), await world.tab(first, `/jobs/${id}`)];
  for (const tab of tabs) await tab.getByText("10/20").first().waitFor();
  await first.getByRole("button", { name: "Cancel" }).click();
  for (const tab of tabs) await tab.getByRole("button", { name: "Run again" }).first().waitFor();
  expect((await monitor.generation(id)).status).toBe("interrupted");
});

test("with a token the page asks for it, and shows everything once it has it", async ({ world }) => {
  world.expect(/status of 401/, /WebSocket connection to/);
  world.fake = await world.server({});
  const monitor = await world.watch({ servers: [{ id: "here", url: world.fake.url }], token: "0123456789abcdef" });
  await monitor.connected();
  const page = await world.page("/jobs");
  await page.getByText("This monitor wants a token").waitFor();
  await page.getByPlaceholder("Token").fill("0123456789abcdef");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("heading", { name: /^No jobs/ }).waitFor();
  await page.getByText("This monitor wants a token").waitFor({ state: "detached" });
});
