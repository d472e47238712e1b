/** The page on a static host, with API and live socket elsewhere. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cloud, PICTURE } from "../feed/cloud.js";
import { launch, open } from "../harness/browser.js";
import { eventually } from "../harness/process.js";
import { Site } from "../harness/site.js";

const complaints: string[] = [];
let cloud: Cloud;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  site = await Site.start();
  cloud = new Cloud();
  await cloud.start(site.url);
  site.configure(cloud);
});
afterAll(async () => {
  await browser.close();
  await site.end();
  await cloud.end();
  // A browser tells of every answer that is an error.
  expect(complaints.filter((complaint) => !/status of 501/.test(complaint))).toEqual([]);
});

async function opened(path: string): Promise<Page> {
  const page = await (await open(browser, complaints)).newPage();
  await page.goto(site.url + path);
  return page;
}

/** Whether the picture has been fetched and can be seen. */
const drawn = (page: Page, picture: string) => page.waitForFunction((selector) => [...document.querySelectorAll<HTMLImageElement>(selector)].some((image) => image.naturalWidth > 0), picture);

test("every address of the page is there, and the jobs come from where config.js says", async () => {
  const page = await opened("/jobs");
  await page.getByRole("row").filter({ hasText: "From afar" }).waitFor();
  await page.getByText("Live", { exact: true }).first().waitFor();
  expect(cloud.said).toContain("subscribe *");
  expect(cloud.asked).toContain("GET /v1/generations");
  await page.getByText("From afar").first().click();
  await page.waitForURL((url) => url.pathname === `/jobs/${cloud.generation().queueId}`);
  await page.reload();
  await page.getByRole("heading", { name: "From afar" }).first().waitFor();
});

test("previews in text are shown, and results from their signed addresses", async () => {
  const page = await opened(`/jobs/${cloud.generation().queueId}`);
  await page.getByRole("heading", { name: "From afar" }).first().waitFor();
  await drawn(page, 'img[src*="X-Amz-Signature"]');
  cloud.preview();
  await drawn(page, 'img[src^="blob:"]');
});

test("a result is saved from its signed address under its own name, and the page stays", async () => {
  const page = await opened(`/jobs/${cloud.generation().queueId}`);
  await page.getByRole("button", { name: /^Open / }).first().click();
  const saved = page.waitForEvent("download");
  await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
  expect((await saved).suggestedFilename()).toBe(PICTURE);
  expect(new URL(page.url()).origin).toBe(site.url);
});

test("a token that a browser would not send asks for another one, also after a reload", async () => {
  const page = await opened("/");
  await page.evaluate(() => sessionStorage.setItem("cm-token", "a/b=="));
  await page.reload();
  await page.getByRole("heading", { name: "This token is not, or no longer, accepted" }).waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill("a/b==");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("This is no token: none has “/” in it").waitFor();
  await page.getByRole("textbox", { name: "Token" }).fill("Bearer right");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("Live", { exact: true }).first().waitFor();
});

test("connections that are ended for their age are back at once, with what has happened since", async () => {
  const page = await opened(`/jobs/${cloud.generation().queueId}`);
  const percentage = (step: number) => page.getByText(`${10 + step * 4}%`).first();
  await percentage(cloud.step).waitFor();
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    new MutationObserver(() => {
      if (document.body.innerText.includes("No connection to the monitor")) seen.push("offline");
      if (!document.body.innerText.includes("From afar")) seen.push("nothing");
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  cloud.said.length = 0;
  cloud.step = 12;
  cloud.endConnections();
  await percentage(12).waitFor();
  await eventually("both subscriptions", () => (["subscribe *", `subscribe ${cloud.generation().queueId}`].every((said) => cloud.said.includes(said)) ? true : undefined));
  expect(await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([]);
});

test("what this deployment does not have is said in a line, and the rest of the page is there", async () => {
  const page = await opened("/performance");
  await page.getByRole("heading", { name: "No figures here" }).waitFor();
  await page.getByRole("navigation").first().getByRole("link", { name: "Instances", exact: true }).click();
  await page.getByText("This deployment keeps no readings of it").first().waitFor();
  await page.getByText("card-3").first().waitFor();
  await page.getByRole("navigation").first().getByRole("link", { name: "Generate", exact: true }).click();
  await page.getByRole("heading", { name: "Generate", level: 1 }).waitFor();
});
