// @vitest-environment jsdom
/** Links that are signed, of a page that may be open for longer than they are good. */
import { act } from "react";
import { expect, test, vi } from "vitest";
import { OutputMedia } from "../src/components/OutputMedia.js";
import type { JobState } from "../src/core/reducer.js";
import { Results, useGeneration, type Generation, type Output } from "../src/index.js";
import { FakeSocket } from "./fake.js";
import { job, monitor, page, show, states, text, usePage } from "./page.js";

usePage();

const BUCKET = "https://bucket.s3.amazonaws.com/media";
const done = ([...states(job("02-txt2img"))].at(-1) as JobState).generation as Generation;
const output = (kind: Output["kind"], url: string): Output => ({ mediaId: kind, nodeId: "9", kind, preview: false, status: "stored", url });
const signed = (signature: string): Generation => ({
  ...done,
  outputs: [output("image", `${BUCKET}/a.png?X-Amz-Signature=${signature}`), output("video", `${BUCKET}/b.mp4?X-Amz-Signature=${signature}`)],
});
const sources = () => [...page.element.querySelectorAll("img, video")].map((media) => media.getAttribute("src")?.replace(/.*=/, ""));
const fail = () => act(async () => page.element.querySelectorAll("img, video").forEach((media) => media.dispatchEvent(new Event("error"))));

function Shown({ queueId }: { queueId: string }) {
  return <Results outputs={useGeneration({ queueId }).generatedImages} title="t" onOpen={() => {}} />;
}

/** The job on a page; what the monitor answers from then on. */
async function open(generation: Generation) {
  const answers = [generation];
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(JSON.stringify(answers.length > 1 ? answers.shift() : answers[0])));
  const client = monitor({ fetch });
  await client.generate({ workflow: {} });
  fetch.mockClear();
  show(<Shown queueId={generation.queueId} />, client);
  return { fetch, answer: (next: Generation) => answers.splice(0, answers.length, next) };
}

test("one that has ended is renewed with all of its job, and asked for once", async () => {
  const { fetch, answer } = await open(signed("first"));
  expect(sources()).toEqual(["first", "first"]);
  answer(signed("second"));
  await fail();
  await vi.waitFor(() => expect(sources()).toEqual(["second", "second"]));
  expect(fetch.mock.calls.map(([url]) => url)).toEqual([`http://monitor/v1/generations/${done.queueId}`]);
});

test("one that does not open though it is new is not asked for again, but hours later", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { fetch, answer } = await open(signed("first"));
  answer(signed("second"));
  await fail();
  await vi.waitFor(() => expect(sources()).toEqual(["second", "second"]));
  answer(signed("third"));
  await fail();
  await fail();
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(sources()).toEqual(["second", "second"]);
  vi.setSystemTime(Date.now() + 12 * 3_600_000);
  await fail();
  await vi.waitFor(() => expect(sources()).toEqual(["third", "third"]));
  expect(fetch).toHaveBeenCalledTimes(2);
});

test("a link of the monitor's own does not end: what does not open there is gone", async () => {
  const { fetch } = await open({ ...done, outputs: [output("image", "/v1/media/a"), output("video", "/v1/media/b")] });
  await fail();
  expect(fetch).not.toHaveBeenCalled();
});

/** A word over the socket that a link is signed anew. */
const say = (queueId: string, outputs: Output[], sequence: number) =>
  act(async () => FakeSocket.newest().says({ type: "outputs", timestamp: "", queueId, promptId: done.promptId, attempt: 1, sequence, status: "completed", outputs }));

test("a new signature does not load a file again, and is there when the old one has ended", async () => {
  const { fetch } = await open(signed("first"));
  await act(async () => void FakeSocket.newest().open());
  await say(done.queueId, signed("second").outputs, done.sequence + 1);
  expect(sources()).toEqual(["first", "first"]);
  await fail();
  expect(sources()).toEqual(["second", "second"]);
  expect(fetch).not.toHaveBeenCalled();
});

test("the shape of a sound is read once, and again by the next link where one has ended", async () => {
  vi.stubGlobal("OfflineAudioContext", class {
    decodeAudioData = async () => ({ getChannelData: () => new Float32Array(960).fill(1) });
  });
  const sound = (signature: string) => output("audio", `${BUCKET}/a.flac?X-Amz-Signature=${signature}`);
  const asked: string[] = [];
  const fetch = vi.fn(async (url: unknown, _init?: RequestInit) => {
    asked.push(String(url).replace(/.*=/, ""));
    return new Response("", { status: asked.length === 1 ? 403 : 200 });
  });
  const client = monitor({ fetch });
  for (const signature of ["first", "second", "third"]) {
    show(<OutputMedia output={sound(signature)} alt="a" />, client);
    await act(async () => void (await new Promise((soon) => setTimeout(soon, 20))));
  }
  expect(asked).toEqual(["first", "second"]);
  expect(fetch.mock.calls[0]?.[1]).toMatchObject({ cache: "no-store" });
});

/** The first output in a row with Download, the page's clicks on links kept, and the bucket as told. */
async function downloading(bucket: (url: string) => Response | Promise<Response>) {
  const saved: { name: string; href: string }[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ name: this.download, href: this.href });
  });
  const named = (signature: string) => ({ ...output("file", `${BUCKET}/m.glb?X-Amz-Signature=${signature}`), originalFilename: "mesh 1.glb" });
  const generation = (signature: string): Generation => ({ ...done, outputs: [named(signature)] });
  const fetch = vi.fn(async (url: unknown, init?: RequestInit) => {
    if (String(url).startsWith(BUCKET)) return bucket(String(url));
    return new Response(JSON.stringify(generation(init?.method === "POST" ? "first" : "second")));
  });
  const client = monitor({ fetch, token: () => "secret" });
  await client.generate({ workflow: {} });
  show(<Shown queueId={done.queueId} />, client);
  const press = () => act(async () => page.element.querySelector<HTMLButtonElement>(".cm-file button")?.click());
  return { fetch, saved, press };
}

test("a file of the bucket is saved under its own name, and the page stays where it is", async () => {
  let answer = (_response: Response) => {};
  const { saved, press, fetch } = await downloading(() => new Promise((done) => (answer = done)));
  expect(page.element.querySelector(".cm-file a")).toBeNull();
  await press();
  expect(text()).toContain("Downloading");
  await press();
  await act(async () => answer(new Response("mesh")));
  await vi.waitFor(() => expect(saved).toEqual([{ name: "mesh 1.glb", href: "blob:1" }]));
  expect(text()).toMatch(/Download$/);
  const asked = fetch.mock.calls.filter(([url]) => String(url).startsWith(BUCKET));
  expect(asked.map(([, init]) => init?.headers)).toEqual([{}]);
});

test("a download whose link has ended is tried once more with the next one", async () => {
  const { saved, press } = await downloading((url) => new Response("", { status: url.endsWith("first") ? 403 : 200 }));
  await press();
  await vi.waitFor(() => expect(saved).toHaveLength(1));
  expect(text()).not.toContain("Not downloaded");
});

test("a download that fails says so, and can be asked for again", async () => {
  let status = 404;
  const { saved, press } = await downloading(() => new Response("", { status }));
  await press();
  await vi.waitFor(() => expect(page.element.querySelector("[role=alert]")?.textContent).toBe("Not downloaded"));
  status = 200;
  await press();
  await vi.waitFor(() => expect(saved).toHaveLength(1));
  expect(text()).not.toContain("Not downloaded");
});

/** The list of a page that is behind a gateway, with one thumbnail. */
function listed() {
  const client = monitor({ websocketApiEndpoint: "wss://gateway/live" });
  client.watchAll();
  const socket = FakeSocket.newest().open();
  const tell = (signature: string) => {
    const generation = { queueId: "q", createdAt: "", status: "completed", sequence: 1, thumbnailUrl: `${BUCKET}/t.webp?X-Amz-Signature=${signature}` };
    socket.says({ type: "snapshot", timestamp: "", queueId: "*", generations: [generation], instances: [] });
    return client.liveJob("q").getSnapshot();
  };
  return { client, socket, tell };
}

test("a snapshot in which only signatures are new changes nothing in the list", () => {
  const { tell } = listed();
  const held = tell("first");
  expect(tell("second")).toBe(held);
});

test("a thumbnail of the list that has ended has all of them told again, once in a while", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { client, socket, tell } = listed();
  const link = () => client.liveJob("q").getSnapshot()?.thumbnailUrl ?? "";
  tell("first");
  void client.renewLink(link());
  expect(socket.sent.map(({ action }) => action)).toEqual(["subscribe", "subscribe"]);
  tell("second");
  expect(link()).toMatch(/second$/);
  void client.renewLink(link());
  expect(socket.sent).toHaveLength(2);
  vi.setSystemTime(Date.now() + 3_600_000);
  void client.renewLink(link());
  expect(socket.sent).toHaveLength(3);
});
