import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { drop } from "../harness/browser.js";
import { says } from "../harness/look.js";
import { fixtures } from "../harness/programs.js";
import { AT_ONCE, file, parallel, portrait, TITLE } from "../harness/workflows.js";
import { test } from "../harness/world.js";

test("a workflow that is dropped becomes a form, the form a job, and the job a picture", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 15 } } } });
  const page = await world.page("/");
  await page.getByText("Drop a workflow, or a picture that carries one").waitFor();
  await drop(page, file(portrait()));
  const steps = page.getByRole("textbox", { name: /^Steps/ }).or(page.getByRole("spinbutton", { name: /^Steps/ }));
  await steps.waitFor();
  expect(await steps.inputValue()).toBe("20");
  await page.getByRole("button", { name: /^Generate/ }).click();
  await world.fake.held();

  const panel = page.getByRole("region", { name: "Currently Processing" });
  await panel.getByText("Currently Processing").waitFor();
  await panel.getByText("15/20 steps", { exact: true }).waitFor();
  await panel.getByText("75%", { exact: true }).waitFor();
  await panel.getByText("Generating image using K-Sampler: 15/20 steps (75%)").waitFor();
  await panel.getByRole("heading", { name: "K-Sampler" }).waitFor();
  const bar = panel.getByRole("progressbar");
  expect(await bar.first().getAttribute("aria-valuetext")).toBe("15 of 20 steps");
  await page.getByRole("button", { name: /Generate another/ }).waitFor();

  await world.fake.release();
  const picture = page.getByRole("button", { name: /^Open / }).first();
  await picture.waitFor();
  expect(await picture.getByRole("img").getAttribute("alt")).toContain("seed");
  await panel.waitFor({ state: "detached" });
  const { items } = await monitor.get<{ items: { status: string }[] }>("/v1/generations");
  expect(items.map(({ status }) => status)).toEqual(["completed"]);
});

test("a picture that carries its workflow is read, and one without says so", async ({ world }) => {
  await world.begin();
  const page = await world.page("/");
  const bytes = await readFile(join(fixtures, "editor/both.png"));
  await drop(page, { name: "both.png", type: "image/png", bytes });
  await page.getByRole("button", { name: /^Generate/ }).waitFor();
  const onePixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  // The monitor answers 422, which browsers put into their console.
  world.expect(/status of 4\d\d/);
  await drop(page, { name: "pixel.png", type: "image/png", bytes: onePixel });
  await page.getByText("This picture carries no workflow").waitFor();
});

test("typing is not blocked by a running job, and what is typed goes into the next one", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: { "3": { heldAt: 10 } } } });
  const page = await world.page("/");
  await drop(page, file(portrait()));
  const prompt = page.getByLabel(/^Prompt/).first();
  await prompt.waitFor();
  await page.getByRole("button", { name: /^Generate/ }).click();
  await world.fake.held();
  await prompt.fill("a harbour at dawn");
  await prompt.press("Control+Enter");
  const { items } = await monitor.when<{ items: { title: string }[] }>("/v1/generations", ({ items }) => items.length === 2);
  expect(items.map(({ title }) => title).sort()).toEqual(["a harbour at dawn", TITLE]);
  await world.fake.release();
  await world.fake.held();
  await world.fake.release();
});

test("what ComfyUI refuses is said at the field that is wrong", async ({ world }) => {
  await world.begin({ validate: ["CheckpointLoaderSimple", "EmptyLatentImage", "CLIPTextEncode", "KSampler", "VAEDecode", "SaveImage"] });
  const page = await world.page("/");
  await drop(page, file(portrait()));
  world.expect(/status of 422/);
  await page.getByRole("button", { name: /^Generate/ }).click();
  await page.getByText(/random-sd15\.safetensors/).first().waitFor();
  await page.getByText(/Checkpoint Loader/).first().waitFor();
});

test("of several nodes that run, one is in the panel and the others are lanes under it", async ({ world }) => {
  const monitor = await world.begin({ script: { nodes: AT_ONCE } });
  const page = await world.page("/");
  await drop(page, file(parallel(), "hands.json"));
  await page.getByRole("button", { name: /^Generate/ }).click();
  const panel = page.getByRole("region", { name: "Currently Processing" });
  await panel.getByText("Left hand").first().waitFor();
  await panel.getByText("Right hand").first().waitFor();
  await world.fake.release();
  await world.fake.release();
  await monitor.when<{ items: { status: string }[] }>("/v1/generations", ({ items }) => items[0]?.status === "completed");
  await says(page.getByRole("region", { name: "Overall" }), "100");
});
