/** What the page costs under load, in figures: `make bench-page`, or `ARGS="--seconds 30"` for a quick look. */
import { setTimeout as after } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { idOf } from "../feed/jobs.js";
import { Feed, LARGE } from "../feed/server.js";
import { launch, open } from "../harness/browser.js";
import { counts, devtools, type Frames, frames } from "../harness/measure.js";

const LIVE = 200;
const RATE = 10;
const ENDED = 10_000;

type Row = [what: string, figure: string, how: string];

export async function main(args: string[]): Promise<void> {
  const at = args.indexOf("--seconds");
  const seconds = at < 0 ? 300 : Number(args[at + 1]);
  if (!(seconds > 0)) throw new Error("--seconds wants a number above 0");
  const browser = await launch();
  const feed = new Feed({ live: LIVE, ended: ENDED, rate: RATE });
  const url = await feed.start();
  try {
    const version = browser.version();
    print([...(await underLoad(browser, feed, url, seconds)), ...(await scrolled(browser, url)), ...(await graph(browser, url))]);
    console.log(`\nChromium ${version}, headless, drawing in software, window 1440 × 900; frames are calls of requestAnimationFrame.`);
  } finally {
    await feed.end();
    await browser.close();
  }
}

async function underLoad(browser: Browser, feed: Feed, url: string, seconds: number): Promise<Row[]> {
  const page = await opened(browser, `${url}/jobs`);
  await page.getByRole("row").nth(5).waitFor();
  const session = await devtools(page);
  feed.play();
  await after(Math.min(10_000, seconds * 100));
  const before = await counts(session);
  const { sent, held } = feed;
  const seen = await frames(page, () => after(seconds * 1_000));
  const told = [Math.round((feed.sent - sent) / seconds), feed.held - held] as const;
  const now = await counts(session);
  feed.stop();
  await page.context().close();
  return [
    ["Jobs, live: frames a second", figure(seen), `${LIVE} jobs told of ${RATE} times a second each, over one WebSocket, for ${seconds} s`],
    ["  told a second", `${told[0]}`, `${told[1]} held back as the page was behind`],
    ["  heap, at first and then", `${before.heapMb.toFixed(1)} MB, ${now.heapMb.toFixed(1)} MB`, "after garbage collection"],
    ["  DOM nodes", `${before.nodes}, ${now.nodes}`, "Performance.getMetrics, Nodes"],
    ["  listeners", `${before.listeners}, ${now.listeners}`, "the same, JSEventListeners"],
  ];
}

async function scrolled(browser: Browser, url: string): Promise<Row[]> {
  const page = await opened(browser, `${url}/jobs?time=all&show=done`);
  await page.getByRole("row").nth(5).waitFor();
  await page.mouse.move(800, 500);
  const session = await devtools(page);
  const before = await counts(session);
  let most = 0;
  const notched = await frames(page, async () => {
    for (let turn = 0; turn < 600; turn += 1) await page.mouse.wheel(0, 120);
  });
  const seen = await frames(page, async () => {
    for (let turn = 0; turn < 400; turn += 1) {
      await page.mouse.wheel(0, 1_200);
      if (turn % 20 === 0) most = Math.max(most, await page.getByRole("row").count());
    }
  });
  const reached = await page.evaluate(() => Math.max(...[...document.querySelectorAll("[aria-rowindex]")].map((row) => Number(row.getAttribute("aria-rowindex")))));
  const now = await counts(session);
  await page.context().close();
  return [
    [`Jobs, ${ENDED} ended, scrolled: frames a second`, figure(notched), "600 notches of a wheel (120 px), one as soon as the last one was taken"],
    ["  thrown", figure(seen), `400 turns of 1200 px, more than a window each, as far as row ${reached}`],
    ["  rows at once", `${most}`, "at most, looked at every 20 turns"],
    ["  heap, at first and then", `${before.heapMb.toFixed(1)} MB, ${now.heapMb.toFixed(1)} MB`, "after garbage collection"],
  ];
}

async function graph(browser: Browser, url: string): Promise<Row[]> {
  const page = await opened(browser, `${url}/jobs/${idOf(LARGE.index)}`);
  const board = page.locator(".react-flow__pane");
  await board.waitFor();
  const box = await board.boundingBox();
  if (!box) throw new Error("the graph has no place");
  const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
  const panned = await frames(page, async () => {
    await page.mouse.move(...middle);
    await page.mouse.down();
    for (let step = 0; step < 240; step += 1) await page.mouse.move(middle[0] + 300 * Math.sin(step / 20), middle[1] + 90 * Math.cos(step / 20));
    await page.mouse.up();
  });
  const zoomed = await frames(page, async () => {
    await page.keyboard.down("Control");
    for (let turn = 0; turn < 120; turn += 1) await page.mouse.wheel(0, turn % 40 < 20 ? 60 : -60);
    await page.keyboard.up("Control");
  });
  await page.context().close();
  return [
    [`Graph of ${LARGE.nodes} nodes, panned: frames a second`, figure(panned), "240 moves of a held pointer, in circles"],
    ["  zoomed", figure(zoomed), "120 turns of the wheel with Ctrl, out and in"],
  ];
}

async function opened(browser: Browser, url: string): Promise<Page> {
  const complaints: string[] = [];
  const page = await (await open(browser, complaints)).newPage();
  await page.goto(url);
  page.on("close", () => complaints.forEach((complaint) => console.error(complaint)));
  return page;
}

function figure({ perSecond, p99Ms, longestMs }: Frames): string {
  return `${perSecond.toFixed(1)} (99 % within ${p99Ms.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms)`;
}

function print(rows: Row[]): void {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const [what, value, how] of rows) console.log(`${what.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${how}`);
}
