/** What a person sees, waited for. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE } from "./process.js";

/** It has this text, or will soon. */
export async function says(locator: Locator, text: string | RegExp): Promise<void> {
  const pattern = typeof text === "string" ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : text;
  await expect.poll(() => locator.first().textContent(), { timeout: PATIENCE }).toMatch(pattern);
}

/** What was asked for when it was opened is there. */
export async function loaded(page: Page): Promise<void> {
  await page.getByRole("heading").or(page.getByRole("progressbar")).first().waitFor();
  await page.waitForLoadState("networkidle");
}

/** So many frames without a change are the end of a layout, which takes a few. */
const STILL_FRAMES = 10;

/**
 * Nothing more comes by itself: fonts and pictures are there, what fades in has, the graph is where it stays. Clocks go
 * on, with the bars and glyphs that follow them.
 */
export async function still(page: Page): Promise<void> {
  await loaded(page);
  await page.getByRole("status").filter({ hasText: /^Loading/ }).first().waitFor({ state: "detached" });
  await page.evaluate(() => document.fonts.ready);
  const watch = await page.evaluateHandle(() => {
    const watch = { still: 0 };
    // Of attributes only the graph's: it puts itself where it fits by its styles, while clocks elsewhere move bars.
    const stirs = ({ type, target }: MutationRecord) => (type === "childList" ? target instanceof HTMLElement : (target as Element).closest(".react-flow"));
    const observer = new MutationObserver((changes) => {
      if (changes.some(stirs)) watch.still = 0;
    });
    observer.observe(document.body, { childList: true, attributes: true, subtree: true });
    return watch;
  });
  const isStill = ({ watch, frames }: { watch: { still: number }; frames: number }) => {
    const fades = document.getAnimations().some((animation) => {
      if (animation instanceof CSSTransition && animation.transitionProperty !== "opacity") return false;
      return animation.playState === "running" && animation.effect?.getComputedTiming().endTime !== Infinity;
    });
    const misses = [...document.images].some((image) => {
      const { top, bottom } = image.getBoundingClientRect();
      return !image.complete && bottom > 0 && top < innerHeight;
    });
    watch.still = fades || misses ? 0 : watch.still + 1;
    return watch.still > frames;
  };
  await page.waitForFunction(isStill, { watch, frames: STILL_FRAMES }, { polling: "raf" });
}

/** How many pixels the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Whether all of it is inside the window, without scrolling. */
export async function inView(locator: Locator): Promise<boolean> {
  const box = await locator.boundingBox();
  const size = locator.page().viewportSize();
  return !!box && !!size && box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width + 1 && box.y + box.height <= size.height + 1;
}
