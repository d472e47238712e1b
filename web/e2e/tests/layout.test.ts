import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { type Size, SIZE_NAMES } from "../harness/browser.js";
import { type Gallery, gallery, generating } from "../harness/gallery.js";
import { inView, loaded, overflow } from "../harness/look.js";
import { dist } from "../harness/programs.js";
import { test, type World } from "../harness/world.js";

/** Every route, and every kind of job. */
function addresses(jobs: Gallery): string[] {
  return ["/", "/jobs", "/jobs?show=wrong&time=all", "/instances", "/performance", ...Object.values(jobs).map((id) => `/jobs/${id}`), `/jobs/${jobs.running}/focus`];
}

async function settled(world: World, path: string, size: Size) {
  const page = await world.page(path, { size });
  await loaded(page);
  return page;
}

for (const size of SIZE_NAMES) {
  test(`no page is wider than its window (${size})`, async ({ world }) => {
    const jobs = await gallery(world);
    for (const path of addresses(jobs)) {
      const page = await settled(world, path, size);
      expect(await overflow(page), `${path} sticks out`).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });

  test(`what must be seen of a running job is seen without scrolling (${size})`, async ({ world }) => {
    await world.begin({ script: { nodes: { "3": { heldAt: 15 } } } });
    const page = await world.page("/", { size });
    await generating(page);
    const panel = page.getByRole("region", { name: "Currently Processing" });
    const needed = {
      label: panel.getByText("Currently Processing"),
      node: panel.getByRole("heading", { name: "K-Sampler" }),
      steps: panel.getByText("15/20 steps", { exact: true }),
      percent: panel.getByText("75%", { exact: true }),
      bar: panel.getByRole("progressbar").first(),
      message: panel.getByText("Generating image using K-Sampler: 15/20 steps (75%)"),
    };
    for (const [name, locator] of Object.entries(needed)) expect(await inView(locator), name).toBe(true);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
}

test("the script of the first route is less than 150 kB", async () => {
  const html = await readFile(join(dist, "index.html"), "utf8");
  const names = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, name]) => name ?? "");
  const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(join(dist, name)), { level: 9 }).length));
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
});

test("a name of an asset changes with what is in it, so that it can be kept for ever", async () => {
  const names = (await readdir(join(dist, "assets"))).filter((name) => !/\.(br|gz)$/.test(name));
  for (const name of names) expect(name).toMatch(/-[\w-]{8}\.\w+$/);
});
