/** What a person sees, waited for. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE } from "./process.js";

/** It has this text, or will soon. */
export async function says(locator: Locator, text: string | RegExp): Promise<void> {
  const pattern = typeof text === "string" ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : text;
  await expect.poll(() => locator.first().textContent(), { timeout: PATIENCE }).toMatch(pattern);
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
