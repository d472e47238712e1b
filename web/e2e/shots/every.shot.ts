/** Pictures of every page and state, in both themes and three sizes, to be looked at: `npm run shots`, into `.shots`. */
import { mkdir, rm } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll } from "vitest";
import { drag, drop, LOOKS, type Size, type Theme } from "../harness/browser.js";
import { gallery } from "../harness/gallery.js";
import { still } from "../harness/look.js";
import { halving } from "../harness/retries.js";
import { file, four, portrait } from "../harness/workflows.js";
import { test, type World } from "../harness/world.js";

const FOLDER = new URL("../.shots/", import.meta.url).pathname;
/** `SHOTS=jobs,focus`: those with such a name alone; the others stay as they were taken last. */
const only = process.env.SHOTS?.split(",");
const isWanted = (name: string) => !only || only.some((part) => name.includes(part));

type Shoot = (name: string, path: string, then?: (page: Page) => Promise<unknown>) => Promise<void>;

const shotOf = (name: string, theme: Theme, size: Size) => `${FOLDER}${name}-${theme}-${size}.png`;

/** Each in both themes and all sizes. */
function shooting(world: World): Shoot {
  return async (name, path, then) => {
    if (!isWanted(name)) return;
    for (const { theme, size } of LOOKS) {
      const page = await world.page(path, { theme, size });
      await then?.(page);
      await still(page);
      await page.screenshot({ path: shotOf(name, theme, size) });
      await page.context().close();
    }
  };
}

beforeAll(async () => {
  if (!only) await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
});

const press = (key: string) => async (page: Page) => {
  await page.getByRole("row").nth(2).waitFor();
  await page.keyboard.press(key);
};

test("every page, and jobs in every state", async ({ world }) => {
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
  await shoot("dropping", "/jobs", (page) => drag(page, file(portrait())));
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
  const monitor = await world.begin({ script: { nodes: { "3": { fails: { atStep: 7, times: 9 } } } } }, { settings: halving("1h") });
  const shoot = shooting(world);
  await shoot("empty-jobs", "/jobs");
  await shoot("empty-performance", "/performance");
  const id = await monitor.submit({ workflow: four() });
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
  // Also of what is fetched at leisure, and may be on its way just then.
  world.expect(/ERR_CONNECTION_(REFUSED|RESET)/, /WebSocket connection/);
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 12 } } } });
  const id = await monitor.submit({ workflow: portrait() });
  await world.fake.held();
  const pages: [string, Page][] = [];
  const wanted = [["generate", `/?job=${id}`], ["job", `/jobs/${id}`], ["jobs", "/jobs"]].filter(([name]) => isWanted(`offline-${name}`));
  for (const { theme, size } of LOOKS) {
    for (const [name, path] of wanted) {
      const page = await world.page(path, { theme, size });
      await page.getByText("lighthouse").locator("visible=true").first().waitFor();
      await still(page);
      pages.push([shotOf(`offline-${name}`, theme, size), page]);
    }
  }
  await monitor.crash();
  for (const [path, page] of pages) {
    await page.locator("html[data-offline]").waitFor();
    await page.screenshot({ path });
  }
});
