import type { JobEvent } from "@comfyui-monitor/react";
import { describe, expect, test } from "vitest";
import { connectionStory, connectionWords, forHow, until } from "../../src/routes/instances/connection.js";
import { addressOf, deviceNames, hasGpu } from "../../src/instances/device.js";
import { inFixedOrder, meantBy } from "../../src/instances/order.js";
import { fleetFigures, needs, takesNext } from "../../src/routes/instances/fleet.js";
import { lastOutage, outagesOf, outageWords } from "../../src/routes/instances/outages.js";
import { nowLine, workOf } from "../../src/routes/instances/runs.js";
import { awayWords } from "../../src/routes/instances/Still.js";
import { instance, job } from "./fleet.js";

const NOW = Date.parse("2026-11-14T21:00:00.000Z");

test("cards stand by name, whatever the instances do", () => {
  const cards = [instance("node 10"), instance("Atlas", { state: "disconnected" }), instance("node 9"), instance("borealis")];
  expect(inFixedOrder(cards).map(({ name }) => name)).toEqual(["Atlas", "borealis", "node 9", "node 10"]);
});

test("a link means an instance by its id, else by its name, and survives what is no address", () => {
  const cards = [instance("a", { name: "Cinder, the big one" }), instance("cinder")];
  expect(meantBy("cinder", cards)?.instanceId).toBe("cinder");
  expect(meantBy("cinder%2C%20the%20big%20one", cards)?.instanceId).toBe("a");
  expect(meantBy("%E0%A4%A", cards)).toBeUndefined();
  expect(meantBy("", cards)).toBeUndefined();
});

test("a device is called what is printed on it", () => {
  const named = (...names: string[]) => deviceNames(names.map((name) => ({ name, type: "cuda" })));
  expect(named("cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync")).toBe("RTX 4090");
  expect(named("NVIDIA L40S")).toBe("L40S");
  expect(named("NVIDIA L40S", "NVIDIA L40S")).toBe("2 × L40S");
  expect(named("cpu")).toBe("CPU");
  expect(named("cuda:0 NVIDIA L40S : native", "cuda:1 NVIDIA L40S : native", "cpu")).toBe("2 × L40S, CPU");
  expect(named("cuda:0 AMD Radeon RX 7900 XTX : native")).toBe("RX 7900 XTX");
  expect(named("cuda:0 AMD Radeon Graphics : native")).toBe("AMD Radeon Graphics");
  expect(named("AMD Radeon Graphics")).toBe("AMD Radeon Graphics");
  expect(named("xpu:0 Intel(R) Arc(TM) A770 Graphics")).toBe("Arc A770");
  expect(deviceNames([{ name: "", type: "mps" }])).toBe("MPS");
  expect(named()).toBe("");
});

test("memory is told of GPUs alone", () => {
  expect(hasGpu(instance("a"))).toBe(true);
  expect(hasGpu(instance("a", { devices: [{ name: "cpu", type: "cpu" }] }))).toBe(false);
  expect(hasGpu({ devices: [] })).toBe(false);
});

test("an address is that of the server, and what is none stays as it is", () => {
  expect(addressOf("http://localhost:8188/")).toBe("localhost:8188");
  expect(addressOf("https://gpu.example.org/comfy")).toBe("gpu.example.org/comfy");
  expect(addressOf("nonsense")).toBe("nonsense");
});

describe("the connection", () => {
  test("says how it is, in a word and a figure", () => {
    const words = (more: Parameters<typeof instance>[1]) => Object.values(connectionWords(instance("a", more), NOW)).join(" ");
    expect(words({ roundTripMs: 2.3 })).toBe("live Live 2 ms");
    expect(words({ roundTripMs: 0.4 })).toBe("live Live under 1 ms");
    expect(words({})).toBe("live Live");
    expect(words({ demo: true, roundTripMs: 2 })).toBe("demo Demo a recording");
    expect(words({ state: "polling" })).toBe("polling Polling every 2 s");
    expect(words({ state: "disconnected", nextTryAt: "2026-11-14T21:00:03.200Z" })).toBe("reconnecting Reconnecting in 4 s");
    expect(words({ state: "disconnected", nextTryAt: "2026-11-14T20:59:59.000Z" })).toBe("reconnecting Reconnecting now");
    expect(words({ state: "disconnected" })).toMatch(/^offline Offline since \d\d:\d\d$/);
  });

  test("tells since when, and why", () => {
    expect(connectionStory(instance("a", { state: "disconnected", reason: "connection refused" }), NOW)).toMatch(
      /^Not answering since \d\d:\d\d:\d\d, connection refused$/,
    );
    expect(connectionStory(instance("a"), NOW)).toMatch(/^Connected since/);
  });

  test("counts in whole seconds, never under one", () => {
    expect([until(NOW + 100, NOW), until(NOW - 5000, NOW), until(NOW + 72_000, NOW)]).toEqual(["1 s", "1 s", "1:12"]);
    expect([forHow(-3), forHow(14_900), forHow(72_000)]).toEqual(["1 s", "14 s", "1:12"]);
  });
});

describe("what runs", () => {
  test("is what the live list knows, with tries that are to come, and prompts of which no more is known", () => {
    const jobs = [
      job("a", "new", { createdAt: "3" }),
      job("a", "old", { createdAt: "1" }),
      job("b", "elsewhere"),
      job("a", "again", { status: "pending", retry: { retryAt: "", maxRetries: 3, error: { type: "e", message: "m" } } }),
      job("a", "waits", { status: "pending" }),
      job("a", "ended", { status: "completed", completedAt: "2026-11-14T20:00:00Z" }),
      job("a", "ended last", { status: "failed", completedAt: "2026-11-14T20:30:00Z" }),
    ];
    const work = workOf(instance("a", { running: ["p-old", "p-strange"] }), jobs);
    expect(work.running.map(({ title }) => title)).toEqual(["old", "new", "again"]);
    expect(work.unknown).toEqual(["p-strange"]);
    expect(work.last?.title).toBe("ended last");
  });

  test("names its node, what is countable, and the attempt", () => {
    const current = { nodeId: "3", title: "K-Sampler", kind: "sampler", value: 5, max: 20 } as const;
    expect(nowLine(job("a", "t", { current, retryCount: 1 }))).toBe("K-Sampler, 5/20 steps, attempt 2");
    expect(nowLine(job("a", "t", { current: { ...current, title: "VAE Decoder", kind: "vae", value: 3, max: 4 } }))).toBe("VAE Decoder, 3/4");
    expect(nowLine(job("a", "t", { message: "Storing 2 outputs" }))).toBe("Storing 2 outputs");
    expect(nowLine(job("a", "t"))).toBe("");
  });

  test("is said to be out of sight while the instance is away", () => {
    const away = instance("gull", { state: "disconnected", reason: "connection refused" });
    expect(awayWords(away, [{ title: "Interior pass" }])).toBe("Was running Interior pass. Once it is back we ask it what became of that job.");
    expect(awayWords(away, [{ title: "a" }, { title: "b" }])).toMatch(/^Was running 2 jobs\./);
    expect(awayWords(away, [])).toBe("Connection refused");
  });
});

describe("the top bar", () => {
  const eta = (remainingMs: number) => ({ remainingMs, lowMs: remainingMs, highMs: remainingMs });
  const waits = (instanceId: string, title: string, ms?: number) =>
    job(instanceId, title, { status: "pending", ...(ms !== undefined && { eta: eta(ms) }) });

  test("counts what answers, runs and waits, and says when all of it is clear", () => {
    const fleet = [
      instance("a", { running: ["p"], waiting: [{ queueId: "q-1" }, { queueId: "q-2" }] }),
      instance("b", { state: "polling", waiting: [{ queueId: "q-3" }] }),
      instance("c", { state: "disconnected", running: ["lost"] }),
    ];
    const jobs = [waits("a", "1", 60_000), waits("a", "2", 840_000), waits("b", "3", 30_000)];
    expect(fleetFigures(fleet, jobs)).toEqual({ answering: 2, all: 3, running: 1, waiting: 3, clear: "about 14 min" });
    expect(fleetFigures(fleet, [...jobs, waits("b", "4")])).not.toHaveProperty("clear");
  });

  test("names what needs a person, in the order of the cards", () => {
    const fleet = [instance("fjord"), instance("gull", { state: "disconnected" }), instance("atlas")];
    const jobs = [job("fjord", "t", { stalledSince: "2026-11-14T20:59:00Z" })];
    expect(needs(fleet, jobs).map(({ text }) => text)).toEqual(["No word from fjord", "gull does not answer"]);
    expect(needs([instance("atlas")], [])).toEqual([]);
  });

  test("the next job goes to the shortest wait, and nobody is named where that is not known", () => {
    const busy = instance("a", { running: ["p-1"], waiting: [] });
    const jobs = [job("a", "1", { eta: eta(60_000) })];
    expect(takesNext([busy, instance("b")], jobs)).toBe("b");
    expect(takesNext([busy, instance("b"), instance("c")], jobs)).toBeUndefined();
    expect(takesNext([busy, instance("b", { running: ["p-x"] })], [...jobs, job("b", "x")])).toBeUndefined();
    expect(takesNext([instance("b")], [])).toBeUndefined();
  });
});

describe("times away", () => {
  const event = (detailType: string, timestamp: string, more = {}): JobEvent => ({
    detailType,
    detail: { timestamp, sequence: 1, attempt: 1, ...more },
  });

  test("are read from the events, newest first, with what ends them", () => {
    const outages = outagesOf([
      event("Monitor Initialized", "2026-11-14T19:00:00Z"),
      event("Monitor Disconnected", "2026-11-14T19:10:00Z", { reason: "connection reset" }),
      event("Monitor Reconnected", "2026-11-14T19:10:31Z", { healedJobs: 2 }),
      event("Monitor Disconnected", "2026-11-14T20:00:00Z", { reason: 7 }),
      event("Monitor Stopped", "2026-11-14T20:01:00Z"),
      event("Monitor Initialized", "2026-11-14T20:02:00Z"),
      event("Monitor Disconnected", "no time"),
      event("Monitor Disconnected", "2026-11-14T20:59:46Z", { reason: "gone" }),
    ]);
    expect(outages.map(({ reason, healedJobs }) => [reason, healedJobs])).toEqual([["gone", 0], [undefined, 0], ["connection reset", 2]]);
    expect(outages.map((outage) => outageWords(outage, NOW).replace(/\d\d:\d\d/, "@"))).toEqual(["since @", "@ for 2:00", "@ for 31 s"]);
    expect(lastOutage(outages, NOW)).toMatch(/^Away at \d\d:\d\d$/);
    expect(lastOutage(outages, NOW + 3 * 86_400_000)).toBeUndefined();
    expect(outagesOf([])).toEqual([]);
  });
});
