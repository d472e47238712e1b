/** The page against the line on AWS, in an emulator: submit, watch, see the picture. */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drop, launch, open } from "../harness/browser.js";
import { EmulatedCloud, INSTANCE } from "../harness/cloud.js";
import { Fake } from "../harness/fake.js";
import { still } from "../harness/look.js";
import { Site } from "../harness/site.js";
import { file, portrait, TITLE } from "../harness/workflows.js";

const complaints: string[] = [];
const ends: (() => Promise<void>)[] = [];
let cloud: EmulatedCloud;
let site: Site;
let fake: Fake;
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  ends.push(() => browser.close());
  site = await Site.start();
  ends.push(() => site.end());
  cloud = await EmulatedCloud.start(site.url);
  ends.push(() => cloud.end());
  site.configure(cloud.addresses);
  fake = await Fake.start({ script: { nodes: { "3": { heldAt: 15 }, "8": { steps: 4, heldAt: 3 } } } });
  ends.push(() => fake.end());
  await cloud.watch(fake);
}, 180_000);
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The picture of the result, fetched by a signed link and decoded. */
const drawn = (page: Page) => page.waitForFunction(() => [...document.images].some((image) => image.src.includes("X-Amz-Signature") && image.naturalWidth > 0));

/** Of the picture in the background, in pixels, by the signed link that it has. */
const width = (picture: Locator) =>
  picture.evaluate(async ({ style: { backgroundImage } }: HTMLElement) => {
    const image = new Image();
    image.src = /"(.*X-Amz-Signature.*)"/.exec(backgroundImage)?.[1] ?? "";
    await image.decode();
    return image.naturalWidth;
  });

test("a workflow that is dropped runs on a pod, is watched step by step, and its picture comes from the bucket", async () => {
  const page = await (await open(browser, complaints)).newPage();
  await page.goto(site.url);
  await page.getByText("Drop a workflow, or a picture that carries one").waitFor();
  await drop(page, file(portrait()));
  await page.getByRole("button", { name: /^Generate/ }).click();

  const panel = page.getByRole("region", { name: "Currently Processing" });
  await panel.getByText("15/20 steps", { exact: true }).waitFor();
  await panel.getByText("75%", { exact: true }).waitFor();
  await panel.getByText("Generating image using K-Sampler: 15/20 steps (75%)").waitFor();
  await shoot(page, "watching");
  await fake.held();
  await fake.release();
  await panel.getByText("Decoding with VAE Decoder: 3/4 (75%)").waitFor();
  await fake.held();
  await fake.release();

  await panel.waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Open / }).first().waitFor();
  await drawn(page);
  await shoot(page, "done");
  await page.getByRole("button", { name: /^Open / }).first().click();
  const saved = page.waitForEvent("download");
  await page.getByRole("dialog").getByRole("button", { name: "Download" }).click();
  expect((await saved).suggestedFilename()).toMatch(/\.png$/);
  await page.reload();
  await drawn(page);

  await page.getByRole("navigation").first().getByRole("link", { name: "Jobs", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: TITLE });
  await row.getByRole("img", { name: "Done", exact: true }).waitFor();
  await row.getByText(INSTANCE).first().waitFor();
  expect(await width(row.locator("[data-picture]"))).toBeGreaterThan(0);
  await shoot(page, "jobs");
  await page.context().close();

  const { items } = await cloud.get<{ items: { status: string }[] }>("/v1/generations");
  expect(items.map(({ status }) => status)).toEqual(["completed"]);
  expect(complaints, "what the browser complained of").toEqual([]);
  expect(await cloud.complaints(), "what monitor and functions complained of").toEqual([]);
});

/** With `SHOTS=aws` into `.shots`, for whoever wants to look. */
async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.SHOTS !== "aws") return;
  await still(page);
  await page.screenshot({ path: new URL(`../.shots/aws-${name}.png`, import.meta.url).pathname });
}
