import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { THEMES } from "../harness/browser.js";
import { gallery, generating } from "../harness/gallery.js";
import { loaded } from "../harness/look.js";
import { test } from "../harness/world.js";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What must not be found, readable. */
async function findings(page: Page): Promise<string[]> {
  // Not the isolated way: it opens a second page.
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).setLegacyMode(true).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}, ${help}: ${html.slice(0, 200)} ${failureSummary}`));
}

for (const theme of THEMES) {
  test(`no route keeps somebody out (${theme})`, async ({ world }) => {
    const jobs = await gallery(world);
    const { running, retried, failed, done, cached } = jobs;
    const paths = ["/", "/jobs", "/instances", "/performance", "/nowhere", ...[running, retried, failed, done, cached].map((id) => `/jobs/${id}`), `/jobs/${running}/focus`];
    world.expect(/status of 404/);
    const found: Record<string, string[]> = {};
    for (const path of paths) {
      const page = await world.page(path === "/nowhere" ? "/jobs/nowhere" : path, { theme, reducedMotion: "reduce" });
      await loaded(page);
      const of = await findings(page);
      if (of.length > 0) found[path] = of;
      await page.context().close();
    }
    expect(found).toEqual({});
  });

  test(`neither does Generate while a job runs, nor the palette (${theme})`, async ({ world }) => {
    await world.begin({ script: { nodes: { "3": { heldAt: 15 } } } });
    for (const size of ["desktop", "phone"] as const) {
      const page = await world.page("/", { theme, size, reducedMotion: "reduce" });
      await generating(page);
      expect(await findings(page), size).toEqual([]);
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog").waitFor();
      expect(await findings(page), `palette, ${size}`).toEqual([]);
      await page.context().close();
      await world.fake.release();
      await world.fake.idle();
    }
  });
}
