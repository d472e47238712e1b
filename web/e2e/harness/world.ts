/** What most tests begin and end with: servers, a monitor, windows; and at the end nobody may have complained. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, expect, test as plain } from "vitest";
import { launch, open, type Window } from "./browser.js";
import { Fake, type Plan } from "./fake.js";
import { Monitor, type MonitorOptions } from "./monitor.js";

let browser: Promise<Browser> | undefined;
afterAll(async () => (await browser)?.close());

export class World {
  monitor!: Monitor;
  /** The first server. */
  fake!: Fake;
  private readonly fakes: Fake[] = [];
  private readonly monitors: Monitor[] = [];
  private readonly contexts: BrowserContext[] = [];
  private readonly complaints: string[] = [];
  private readonly expected: RegExp[] = [];

  /** A server called `here` and a monitor that hears it. */
  async begin(plan: Plan = {}, options: MonitorOptions = {}): Promise<Monitor> {
    this.fake = await this.server(plan);
    return this.watch({ servers: [{ id: "here", url: this.fake.url }], ...options });
  }

  async server(plan: Plan = {}): Promise<Fake> {
    const fake = await Fake.start(plan);
    this.fakes.push(fake);
    return fake;
  }

  async watch(options: MonitorOptions): Promise<Monitor> {
    this.monitor = await Monitor.start(options);
    this.monitors.push(this.monitor);
    if (!options.token) await this.monitor.connected();
    return this.monitor;
  }

  /** A window, and in it the page at this path. */
  async page(path = "/", window: Window = {}): Promise<Page> {
    browser ??= launch();
    const context = await open(await browser, this.complaints, window);
    this.contexts.push(context);
    const page = await context.newPage();
    await page.goto(this.monitor.url + path);
    return page;
  }

  /** Another window in the same profile, as a second tab is. */
  async tab(page: Page, path: string): Promise<Page> {
    const tab = await page.context().newPage();
    await tab.goto(this.monitor.url + path);
    return tab;
  }

  /** A complaint of browser or monitor that belongs to what is tested. */
  expect(...complaints: RegExp[]): void {
    this.expected.push(...complaints);
  }

  async end(): Promise<void> {
    for (const context of this.contexts) await context.close();
    const heard = this.complaints.filter((complaint) => !this.expected.some((part) => part.test(complaint)));
    for (const monitor of this.monitors) heard.push(...(await monitor.end(this.expected)));
    for (const fake of this.fakes) await fake.end();
    expect(heard, "what browser and monitor complained of").toEqual([]);
  }
}

export const test = plain.extend<{ world: World }>({
  world: async ({}, use) => {
    const world = new World();
    await use(world);
    await world.end();
  },
});
