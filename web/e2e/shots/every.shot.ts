/** Pictures of every page and state, in both themes and three sizes, to be looked at: `npm run shots`, into `.shots`. */
import { mkdir, rm } from "node:fs/promises";
import type { Page } from "playwright-core";
import { drop, SIZES } from "../harness/browser.js";
import { gallery } from "../harness/gallery.js";
import { file, portrait } from "../harness/workflows.js";
import { test, type World } from "../harness/world.js";

const FOLDER = new URL("../.shots/", import.meta.url).pathname;
const only = process.env.SHOTS?.split(",");

type Shoot = (name: string, path: string, then?: (page: Page) => Promise<unknown>) => Promise<void>;

/** Each in both themes and all sizes. */
function shooting(world: World): Shoot {
  return async (name, path, then) => {
    if (only && !only.some((part) => name.includes(part))) return;
    for (const theme of ["dark", "light"] as const) {
      for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
        const page = await world.page(path, { theme, size });
        await then?.(page);
        // Fonts, the graph's first layout and what fades in.
        await page.evaluate(() => document.fonts.ready);
        await page.waitForTimeout(1_200);
        await page.screenshot({ path: `${FOLDER}${name}-${theme}-${size}.png` });
        await page.context().close();
      }
    }
  };
}

const press = (key: string) => async (page: Page) => {
  await page.getByRole("row").nth(2).waitFor();
  await page.keyboard.press(key);
};

test("every page, and jobs in every state", async ({ world }) => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const jobs = await gallery(world);
  // Of the page that is asked for nothing.
  world.expect(/404/);
  const shoot = shooting(world);
  await shoot("generate-empty", "/");
  for (const [name, id] of Object.entries(jobs)) {
    await shoot(`generate-${name}`, `/?job=${id}`);
    await shoot(`job-${name}`, `/jobs/${id}`);
  }
  await shoot("focus", `/jobs/${jobs.running}/focus`);
  await shoot("jobs", "/jobs");
  await shoot("instances", "/instances");
  await shoot("performance", "/performance");
  await shoot("unknown", "/jobs/nowhere");
  await shoot("palette", "/jobs", press("Control+k"));
  await shoot("keys", "/jobs", press("?"));
  await shoot("form", "/", async (page) => {
    await drop(page, file(portrait()));
    await page.getByLabel("Seed").first().waitFor({ state: "attached" });
  });
  await shoot("dropping", "/jobs", async (page) => {
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["{}"], "lighthouse.json", { type: "application/json" }));
      return data;
    });
    for (const kind of ["dragenter", "dragover"]) await page.dispatchEvent("body", kind, { dataTransfer: transfer });
  });
  await shoot("lightbox", `/jobs/${jobs.done}`, (page) => page.getByRole("button", { name: /^Open / }).first().click());
  await shoot("still", `/?job=${jobs.running}`, (page) => page.emulateMedia({ reducedMotion: "reduce" }));
  await shoot("forced", `/?job=${jobs.running}`, (page) => page.emulateMedia({ forcedColors: "active" }));
});

test("a server that is away, and a job that went with it", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 12 } } } });
  const lost = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  await world.fake.kill();
  await monitor.when("/v1/instances", ({ items }: { items: { state: string }[] }) => items.some(({ state }) => state !== "connected"));
  const shoot = shooting(world);
  await shoot("away-generate", `/?job=${lost}`);
  await shoot("away-instances", "/instances");
  await shoot("away-jobs", "/jobs");
  await world.fake.restart();
  await monitor.ended(lost);
  await shoot("lost-job", `/jobs/${lost}`);
  await shoot("lost-generate", `/?job=${lost}`);
  await shoot("lost-jobs", "/jobs");
});

test("between two attempts, and nothing at all", async ({ world }) => {
  const settings = `
[retry.limits]
within = "3h"
[[retry.policy]]
name = "out of memory"
match = { error = "OutOfMemoryError" }
do = { change = "batch", times = 2, wait = { first = "1h", max = "1h" } }
`;
  const workflow = { ...portrait(), "5": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 768, batch_size: 4 } } };
  const monitor = await world.begin({ script: { nodes: { "3": { fails: { atStep: 7, times: 9 } } } } }, { settings });
  const shoot = shooting(world);
  await shoot("empty-jobs", "/jobs");
  await shoot("empty-performance", "/performance");
  const id = await monitor.submit({ workflow });
  await monitor.when(`/v1/generations/${id}`, ({ retryCount }: { retryCount: number }) => retryCount === 1);
  await shoot("between-job", `/jobs/${id}`);
  await shoot("between-generate", `/?job=${id}`);
});

test("a job that ran out of memory", async ({ world }) => {
  const monitor = await world.begin({ speed: 1, script: { nodes: { "3": { steps: 20, lastsMs: 24_000, fails: { atStep: 12, times: 9 } } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await monitor.ended(id);
  const shoot = shooting(world);
  await shoot("memory-job", `/jobs/${id}`);
  await shoot("memory-jobs", "/jobs");
});

test("a monitor that is gone", async ({ world }) => {
  world.expect(/ERR_CONNECTION_REFUSED/, /WebSocket connection/);
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 12 } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const pages: [string, Page][] = [];
  for (const theme of ["dark", "light"] as const) {
    for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
      for (const [name, path] of [["generate", `/?job=${id}`], ["job", `/jobs/${id}`], ["jobs", "/jobs"]] as const) {
        const page = await world.page(path, { theme, size });
        await page.getByText("lighthouse").locator("visible=true").first().waitFor();
        pages.push([`offline-${name}-${theme}-${size}`, page]);
      }
    }
  }
  await monitor.crash();
  for (const [name, page] of pages) {
    await page.locator("html[data-offline]").waitFor();
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  }
});
