/** Jobs in every state at four servers, standing still: for what looks at pages rather than at what happens on them. */
import type { Page } from "playwright-core";
import { drop } from "./browser.js";
import type { Fake } from "./fake.js";
import type { Monitor } from "./monitor.js";
import { halving } from "./retries.js";
import { AT_ONCE, file, four, type Graph, parallel, portrait } from "./workflows.js";
import type { World } from "./world.js";

export interface Gallery {
  done: string;
  failed: string;
  cached: string;
  running: string;
  waiting: string;
  /** Runs for the second time, further than the first. */
  retried: string;
  /** Two nodes at once. */
  lanes: string;
  /** Has ended as its server went away. */
  stopped: string;
}

/** Long, and in a script without spaces. */
export const JAPANESE = "霧の朝の灯台と、沖へ出ていく小さな漁船、油彩、夜明け前の青い光、遠くに見える岬と鳥の群れ、静かな海";

export async function gallery(world: World): Promise<Gallery> {
  world.fake = await world.server({
    script: { caching: true, classes: { ImageInvert: { fails: { exception: "RuntimeError", message: "Sizes of tensors must match except in dimension 1. Expected size 96 but got size 64 for tensor number 1 in the list." } } } },
  });
  const servers: [string, Fake][] = [
    ["cinder", world.fake],
    ["ember", await world.server({ script: { nodes: { "3": { heldAt: 15 } } } })],
    ["fjord", await world.server({ script: { nodes: { "3": { heldAt: 15, fails: { atStep: 12, times: 1 } } } } })],
    ["gull", await world.server({ script: { nodes: AT_ONCE } })],
  ];
  const monitor = await world.watch({ servers: servers.map(([id, { url }]) => ({ id, url })), settings: halving() });
  const at = (instanceId: string, workflow: Graph) => monitor.submit({ workflow, instanceId });

  const done = await at("cinder", portrait());
  await monitor.ended(done);
  const cached = await at("cinder", portrait());
  await monitor.ended(cached);
  const failed = await at("cinder", broken());
  await monitor.ended(failed);
  const running = await at("ember", portrait(JAPANESE));
  const stopped = await at("ember", portrait("glaze test, blue over iron"));
  const waiting = await at("ember", portrait("the keeper's cat"));
  const retried = await at("fjord", four());
  const lanes = await at("gull", parallel());
  await fetch(`${monitor.url}/v1/generations/${stopped}/cancel`, { method: "POST" });
  await monitor.ended(stopped);
  await standing(monitor, running, retried);
  await monitor.when(`/v1/generations/${lanes}`, ({ nodes }: { nodes: { state: string }[] }) => nodes.filter(({ state }) => state === "running").length === 2);
  return { done, failed, cached, running, waiting, retried, lanes, stopped };
}

async function standing(monitor: Monitor, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await monitor.when(`/v1/generations/${id}`, ({ nodes }: { nodes: { value?: number }[] }) => nodes.some(({ value }) => value === 15));
  }
}

/** The portrait with a node before its saver that fails. */
function broken(): Graph {
  const graph = portrait("two lighthouses of different sizes");
  graph["10"] = { class_type: "ImageInvert", inputs: { image: ["8", 0] } };
  const saver = graph["9"];
  if (saver) saver.inputs.images = ["10", 0];
  return graph;
}

/** Generate with a job of its own that stands at step 15. */
export async function generating(page: Page, prompt = JAPANESE): Promise<void> {
  await drop(page, file(portrait(prompt)));
  await page.getByRole("button", { name: /^Generate/ }).click();
  await page.getByRole("region", { name: "Currently Processing" }).getByText("15/20 steps", { exact: true }).waitFor();
}
