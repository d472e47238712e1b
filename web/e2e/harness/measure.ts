/** How much a page holds and does, as Chromium counts it. */
import type { CDPSession, Page } from "playwright-core";

export interface Counts {
  nodes: number;
  listeners: number;
  /** After garbage collection. */
  heapMb: number;
}

export async function devtools(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.enable");
  return session;
}

export async function counts(session: CDPSession): Promise<Counts> {
  // Once is not enough for what is kept by weak references.
  for (let round = 0; round < 3; round += 1) await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { nodes: of("Nodes"), listeners: of("JSEventListeners"), heapMb: of("JSHeapUsedSize") / 2 ** 20 };
}

export interface Frames {
  seconds: number;
  perSecond: number;
  /** The frame that 99 of 100 are not longer than (ms). */
  p99Ms: number;
  longestMs: number;
}

/** Watches the frames that the page gets to draw while something is done to it. */
export async function frames(page: Page, during: () => Promise<void>): Promise<Frames> {
  await page.evaluate(() => {
    const seen: number[] = [];
    const held = window as unknown as { stopFrames: () => number[] };
    let on = true;
    const see = (time: number) => {
      seen.push(time);
      if (on) requestAnimationFrame(see);
    };
    requestAnimationFrame(see);
    held.stopFrames = () => {
      on = false;
      return seen;
    };
  });
  await during();
  const times = await page.evaluate(() => (window as unknown as { stopFrames: () => number[] }).stopFrames());
  const lengths = times.slice(1).map((time, at) => time - (times[at] ?? time)).sort((one, other) => one - other);
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
  const quantile = (share: number) => lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * share))] ?? 0;
  return { seconds, perSecond: lengths.length / seconds, p99Ms: quantile(0.99), longestMs: lengths.at(-1) ?? 0 };
}

export interface Writes {
  frames: number;
  /** Changes of the document in all. */
  total: number;
  /** Those that a frame brought, in the mean and at most. */
  mean: number;
  most: number;
}

/** Counts what is changed in the document, frame by frame, while something is done to the page. */
export async function writes(page: Page, during: () => Promise<void>): Promise<Writes> {
  await page.evaluate(() => {
    const perFrame: number[] = [];
    let now = 0;
    let on = true;
    const observer = new MutationObserver((changes) => (now += changes.length));
    observer.observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
    const see = () => {
      perFrame.push(now);
      now = 0;
      if (on) requestAnimationFrame(see);
    };
    requestAnimationFrame(see);
    (window as unknown as { stopWrites: () => number[] }).stopWrites = () => {
      on = false;
      observer.disconnect();
      return perFrame;
    };
  });
  await during();
  const perFrame = await page.evaluate(() => (window as unknown as { stopWrites: () => number[] }).stopWrites());
  const sum = perFrame.reduce((all, one) => all + one, 0);
  return { frames: perFrame.length, total: sum, mean: sum / perFrame.length, most: Math.max(...perFrame) };
}
