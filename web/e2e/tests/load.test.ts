import { setTimeout as after } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { idOf } from "../feed/jobs.js";
import { Feed, LARGE } from "../feed/server.js";
import { launch, open } from "../harness/browser.js";
import { counts, devtools, writes } from "../harness/measure.js";

/** What `make bench-page` measures in time is held here in numbers that do not depend on the machine. */
const LIVE = 200;
const VISIBLE = 40;
/**
 * What is written where all of a row changes. On a busy machine a frame brings more changes, but of no more rows. Of 25
 * rows in view 5 to 6.5 were measured, counted as if there were VISIBLE.
 */
const PER_ROW = 8;

const feed = new Feed({ live: LIVE, ended: 10_000, rate: 10 });
const complaints: string[] = [];
let browser: Browser;
let url: string;

beforeAll(async () => {
  browser = await launch();
  url = await feed.start();
});
afterAll(async () => {
  await browser.close();
  await feed.end();
  expect(complaints).toEqual([]);
});

async function opened(path: string) {
  const page = await (await open(browser, complaints)).newPage();
  await page.goto(url + path);
  return page;
}

test("200 jobs that change 10 times a second cost no more nodes, listeners and writes than are seen of them", async () => {
  const page = await opened("/jobs");
  await page.getByRole("row").nth(5).waitFor();
  const session = await devtools(page);
  feed.play();
  await after(1_000);
  const before = await counts(session);
  const sent = feed.sent;
  const written = await writes(page, () => after(4_000));
  const told = feed.sent - sent;
  feed.stop();
  const now = await counts(session);
  expect(await page.getByRole("row").count()).toBeLessThan(VISIBLE);
  // However many frames the machine had for them: a change is written once, and only where its row is seen.
  expect(written.total, "writes").toBeLessThan(told * (VISIBLE / LIVE) * PER_ROW);
  expect(written.mean, "writes a frame").toBeLessThan(VISIBLE * PER_ROW);
  expect(now.nodes, "nodes").toBeLessThan(3_000);
  expect(now.nodes - before.nodes, "nodes that stay").toBeLessThan(200);
  expect(now.listeners - before.listeners, "listeners that stay").toBeLessThan(20);
  expect(now.listeners, "listeners").toBeLessThan(400);
  await page.context().close();
});

test("of 10 000 jobs only those near the window are in the document", async () => {
  const page = await opened("/jobs?time=all&show=done");
  await page.getByRole("row").nth(5).waitFor();
  const session = await devtools(page);
  const before = await counts(session);
  await page.mouse.move(800, 500);
  const last = () => page.evaluate(() => Math.max(...[...document.querySelectorAll("[aria-rowindex]")].map((row) => Number(row.getAttribute("aria-rowindex")))));
  let most = 0;
  for (let turn = 0; turn < 2_000 && (await last()) < 1_000; turn += 1) {
    await page.mouse.wheel(0, 1_500);
    most = Math.max(most, await page.getByRole("row").count());
  }
  expect(await last()).toBeGreaterThanOrEqual(1_000);
  expect(most).toBeLessThan(2 * VISIBLE);
  const now = await counts(session);
  expect(now.nodes - before.nodes, "nodes that stay").toBeLessThan(1_500);
  expect(now.listeners - before.listeners, "listeners that stay").toBeLessThan(50);
  await page.context().close();
});

test("a graph of 300 nodes has in the document what is in view of it", async () => {
  const page = await opened(`/jobs/${idOf(LARGE.index)}`);
  await page.locator(".react-flow__node").first().waitFor();
  expect(await page.locator(".react-flow__node").count()).toBeLessThan(100);
  const session = await devtools(page);
  const { nodes, listeners } = await counts(session);
  expect(nodes).toBeLessThan(8_000);
  expect(listeners).toBeLessThan(600);
  await page.context().close();
});
