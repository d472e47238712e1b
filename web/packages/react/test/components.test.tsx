// @vitest-environment jsdom
import { act, StrictMode, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GenerationView } from "../src/components/GenerationView.js";
import { UNKNOWN, withFrame, withSnapshot, type JobState } from "../src/core/reducer.js";
import { ErrorCard, GenerateClient, Lightbox, LivePreview, MonitorClient, MonitorProvider, Results, RetryBanner, type Generation, type Output, type Preview } from "../src/index.js";
import { FakeSocket, WebSocketLike } from "./fake.js";
import { jobs, type Job } from "./golden.js";

let root: Root;
let page: HTMLElement;
let urls: Set<string>;
let most: number;
const JOBS = jobs();

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  // What a browser has and jsdom has not.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  urls = new Set();
  most = 0;
  let made = 0;
  URL.createObjectURL = () => {
    const url = `blob:${++made}`;
    urls.add(url);
    most = Math.max(most, urls.size);
    return url;
  };
  URL.revokeObjectURL = (url) => void urls.delete(url);
  vi.spyOn(console, "error");
  FakeSocket.all = [];
  page = document.body.appendChild(document.createElement("div"));
  root = createRoot(page);
});

afterEach(() => {
  act(() => root.unmount());
  page.remove();
  expect(console.error).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const monitor = (options = {}) => new MonitorClient({ baseUrl: "http://monitor", WebSocket: WebSocketLike, warn: () => {}, ...options });

function show(children: ReactNode, client = monitor()) {
  act(() => root.render(<MonitorProvider client={client}>{children}</MonitorProvider>));
}

const text = () => page.textContent ?? "";

function job(name: string): Job {
  const found = JOBS.find((job) => job.name.startsWith(name));
  if (!found) throw new Error(name);
  return found;
}

function* states({ heard }: Job): Generator<JobState> {
  let state = UNKNOWN;
  for (const one of heard) {
    state = "view" in one ? withSnapshot(state, one.view, one.at) : withFrame(state, one.frame, Date.parse(one.frame.timestamp));
    yield state;
  }
}

const idle = { asking: undefined, cancel() {}, tryNow() {}, runAgain() {}, take() {}, newSeed: undefined };

function View({ state, preview, offline = false }: { state: JobState; preview?: Preview; offline?: boolean }) {
  return <GenerationView state={state} preview={preview} connection={{ state: offline ? "waiting" : "live" }} offline={offline} seed={undefined} actions={idle} />;
}

describe("every recording", () => {
  test.each(JOBS)("is shown at every step, with the four that must be seen: $name", (job) => {
    const all = [...states(job)];
    // Of a long one, every so many.
    const every = Math.ceil(all.length / 25);
    all.forEach((state, at) => {
      if (at % every > 0 && at !== all.length - 1) return;
      show(<View state={state} />);
      const { generation, running } = state;
      if (generation?.status !== "processing" || running.length === 0) return;
      const panel = page.querySelector(".cm-current")?.textContent;
      expect(panel).toContain("Currently Processing");
      expect(running.some(({ currentNode }) => page.querySelector(".cm-current__name")?.textContent === currentNode)).toBe(true);
      expect(panel).toMatch(/Running|Stalled/);
      expect(page.querySelector(".cm-current .cm-pulse")).not.toBeNull();
      expect(page.querySelector(".cm-current [role=progressbar]")).not.toBeNull();
      expect(page.querySelector(".cm-current__message")?.textContent).toBe(generation.message);
    });
  });

  test("a step is told as steps, percent and sentence, word for word", () => {
    vi.useFakeTimers();
    const state = [...states(job("02-txt2img"))].find(({ running }) => running[0]?.kind === "sampler") as JobState;
    const message = "Generating image using K-Sampler: 15/20 steps (75%)";
    const running = state.running.map((node) => ({ ...node, value: 15, max: 20, percentage: 75, message, elapsedMs: 28_500 }));
    show(<View state={{ ...state, running, heardAt: Date.now(), generation: { ...(state.generation as Generation), message } }} />);
    const parts = [".cm-current__name", ".cm-current__place", ".cm-current__count", ".cm-current__share", ".cm-current__message", ".cm-current__facts"];
    expect(parts.map((part) => page.querySelector(part)?.textContent)).toEqual([
      "K-Sampler",
      "KSampler, node 3",
      "15/20 steps",
      "75%",
      message,
      "1.90 s per step · 28.5 s in this node",
    ]);
    expect(page.querySelector(".cm-current [role=progressbar]")?.getAttribute("aria-valuetext")).toBe("15 of 20 steps");
  });

  test("several that run at once have a lane each", () => {
    const most = Math.max(...[...states(job("10-parallel"))].map((state) => {
      show(<View state={state} />);
      const lanes = page.querySelectorAll(".cm-lane");
      expect(lanes.length).toBe(Math.max(0, state.running.length - 1));
      return lanes.length;
    }));
    expect(most).toBeGreaterThan(0);
  });

  test("a panel does not empty between two nodes of one attempt", () => {
    let was = "";
    for (const state of states(job("02-txt2img"))) {
      show(<View state={state} />);
      const name = page.querySelector(".cm-current__name")?.textContent ?? "";
      if (state.generation?.status === "processing" && state.running.length === 0 && was && was !== "Getting ready") expect(name).toBe(was);
      if (state.running.length > 0) was = name;
    }
  });
});

describe("GenerateClient", () => {
  const heard = job("retried").heard;
  const first = (heard[0] as { view: Generation }).view;
  const answer = () => vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(JSON.stringify(first), { status: 201 }));
  const button = (word: string) => [...page.querySelectorAll("button")].find((button) => button.textContent === word);
  const press = (word: string) => act(async () => button(word)?.click());

  test("goes from the button over a retry to its results", async () => {
    const fetch = answer();
    const submitted = vi.fn();
    show(
      <StrictMode>
        <GenerateClient workflow={{ "3": { inputs: { seed: 7 } } }} title="Lighthouse" onSubmitted={submitted} />
      </StrictMode>,
      monitor({ fetch }),
    );
    expect(text()).toBe("Generate");
    await press("Generate");
    expect(submitted).toHaveBeenCalledWith(first.queueId);
    expect(JSON.parse(String(fetch.mock.calls[0]?.[1]?.body))).toMatchObject({ title: "Lighthouse" });
    expect(text()).toContain("Waiting for a ComfyUI server");
    expect(button("Generate another")).toBeDefined();

    const socket = FakeSocket.newest();
    act(() => void socket.open());
    const bannered: string[] = [];
    for (const one of heard) {
      if (!("frame" in one)) continue;
      act(() => socket.says(one.frame));
      const banner = page.querySelector(".cm-retry")?.textContent;
      if (banner) bannered.push(banner);
      if (one.frame.type === "job_queued" && one.frame.queuePosition === 2) expect(text()).toContain("2nd in line");
      if (one.frame.type === "job_retry") {
        expect(banner).toContain("Attempt 2 of 4");
        expect(banner).toContain("Attempt 1 ran out of GPU memory in K-Sampler at step 12 of 20.");
        expect(page.querySelector(".cm-change s")?.textContent).toBe("4");
        expect(page.querySelector(".cm-change strong")?.textContent).toBe("2");
        for (const word of ["Try now", "Stop retrying", "What happened"]) expect(button(word), word).toBeDefined();
        await press("What happened");
        expect(page.querySelector(".cm-error__type")?.textContent).toBe("torch.OutOfMemoryError");
        await press("Try now");
        expect(fetch.mock.calls.at(-1)?.[0]).toBe(`http://monitor/v1/generations/${first.queueId}/retry`);
      }
    }
    // Also while the second attempt runs.
    expect(bannered.at(-1)).toContain("Trying again with a smaller batch");
    expect(bannered.at(-1)).toContain("If this fails too: batch size 1");
    expect(page.querySelector(".cm-retry")).toBeNull();
    expect(text()).toContain("Workflow with 6 nodes is done. 1 image, 11.5 s. 1 output could not be stored");
    expect(page.querySelector(".cm-result img")?.getAttribute("src")).toContain("http://monitor/v1/media/");
    expect(page.querySelector(".cm-result--failed")?.textContent).toContain("the server no longer has it");

    await act(async () => page.querySelector<HTMLButtonElement>(".cm-result--open")?.click());
    expect(page.querySelector("dialog")?.open).toBe(true);
    expect(page.querySelector(".cm-lightbox__facts")?.textContent).toBe("64 × 64 · Save Image · seed 7");
  });

  test("the second attempt's bar carries a mark where the first one stopped", () => {
    const second = [...states(job("retried"))].find((state) => state.generation?.attempts.length === 2 && state.running[0]?.value === 15) as JobState;
    const early = { ...second, running: second.running.map((node) => ({ ...node, value: 7, percentage: 35 })) };
    show(<View state={early} />);
    expect(text()).toContain("attempt 1 stopped here");
    show(<View state={second} />);
    expect(text()).toContain("past where attempt 1 stopped");
  });

  test("a refusal is shown with each complaint", async () => {
    const nodeErrors = [{ nodeTitle: "K-Sampler", input: "steps", message: "0 is below the least, 1" }];
    const problem = { status: 422, detail: "refused", error: { type: "submission_refused", message: "Value not in list" }, nodeErrors };
    show(<GenerateClient workflow={{}} />, monitor({ fetch: async () => new Response(JSON.stringify(problem), { status: 422 }) }));
    await press("Generate");
    expect(text()).toContain("Value not in list");
    expect(text()).toContain("K-Sampler, steps: 0 is below the least, 1");
    expect(button("Generate")).toBeDefined();
  });

  test("what a button could not do is said", async () => {
    const fetch = vi.fn(async () => new Response(JSON.stringify({ detail: "It has ended" }), { status: 409 }));
    show(<GenerateClient queueId={first.queueId} />, monitor({ fetch }));
    const socket = FakeSocket.newest();
    act(() => void socket.open());
    act(() => socket.says({ type: "snapshot", timestamp: first.createdAt, queueId: first.queueId, generation: first }));
    await press("Cancel");
    expect(page.querySelector("[role=alert].cm-generate__problem")?.textContent).toBe("It has ended");
  });

  test("without a connection it keeps what it has, says of when it is, and tries again when asked", async () => {
    show(<GenerateClient queueId={first.queueId} />);
    expect(text()).toBe("");
    const socket = FakeSocket.newest();
    act(() => void socket.open());
    const running = job("02-txt2img").heard.flatMap((one) => ("view" in one && one.view.status === "processing" ? [one.view] : []))[0];
    act(() => socket.says({ type: "snapshot", timestamp: first.createdAt, queueId: first.queueId, generation: { ...running, queueId: first.queueId } }));
    act(() => socket.ends(1006));
    expect(text()).toContain("No connection to the monitor");
    expect(text()).toContain("Jobs go on without this page");
    expect(page.querySelector(".cm-overall__percent")?.textContent).toMatch(/^was \d+%$/);
    await press("Try now");
    expect(FakeSocket.all.length).toBe(2);
    expect(text(), "until it is live").toContain("No connection to the monitor");
    act(() => void FakeSocket.newest().open());
    expect(text()).not.toContain("No connection");
  });

  test("a job nobody knows is said to be unknown", () => {
    show(<GenerateClient queueId="nobody" />);
    act(() => void FakeSocket.newest().open());
    act(() => FakeSocket.newest().says({ type: "snapshot", timestamp: first.createdAt, queueId: "nobody", generation: null }));
    expect(text()).toContain("No job with this id");
  });

  test("a server renders it without a window", () => {
    expect(renderToString(<GenerateClient workflow={{}} />)).toContain("Generate");
  });
});

describe("hostile values", () => {
  const evil = `<img src=x onerror="alert(1)">`;

  test("a text stays a text wherever it comes from", () => {
    const [base] = [...states(job("08-oom"))].filter((state) => state.generation?.error);
    const generation = base?.generation as Generation;
    const error = { type: evil, message: evil, nodeId: evil, nodeTitle: evil, classType: evil, traceback: [`  File "${evil}", line 1, in ${evil}\n    ${evil}\n`, evil] };
    const output: Output = { mediaId: "t", nodeId: evil, kind: "text", preview: false, status: "stored", text: evil };
    const nodes = generation.nodes.map((node) => ({ ...node, title: evil, classType: evil }));
    const state = { ...base, generation: { ...generation, title: evil, message: evil, instanceId: evil, error, nodes, outputs: [output], suggestions: [{ kind: "edit", title: evil, detail: evil }] } };
    show(<View state={state as JobState} />);
    show(<ErrorCard error={error} open />);
    expect(page.querySelectorAll("img")).toHaveLength(0);
    show(<View state={state as JobState} />);
    expect(page.querySelectorAll("img")).toHaveLength(0);
    expect(text()).toContain(evil);
  });

  test("an address is one of the monitor's, or nothing", () => {
    const outputs = ["javascript:alert(1)", "//evil.example/x.png", "/\\evil.example", "data:text/html,x", "/v1/media/1"].map((url, at): Output => {
      return { mediaId: `${at}`, nodeId: "9", kind: "image", preview: false, status: "stored", url };
    });
    show(<Results outputs={outputs} title="t" onOpen={() => {}} />);
    expect([...page.querySelectorAll("img")].map((img) => img.getAttribute("src"))).toEqual(["http://monitor/v1/media/1"]);
  });

  test("a long list of results is shown in parts", () => {
    const outputs = Array.from({ length: 150 }, (_, at): Output => ({ mediaId: `${at}`, nodeId: "9", kind: "image", preview: false, status: "stored", url: `/${at}` }));
    show(<Results outputs={outputs} title="t" onOpen={() => {}} />);
    expect(page.querySelectorAll(".cm-result")).toHaveLength(60);
  });
});

describe("media", () => {
  const of = (kind: Output["kind"], more: Partial<Output> = {}): Output => ({ mediaId: kind, nodeId: "9", kind, preview: false, status: "stored", url: `/v1/media/${kind}`, ...more });

  test("every kind has its tile or its row, and its place in the lightbox", () => {
    const outputs = [of("image"), of("video"), of("audio"), of("text", { text: "a caption" }), of("model3d", { originalFilename: "mesh.glb", size: 4_200_000 }), of("file")];
    const opened: number[] = [];
    show(<Results outputs={outputs} title="Job" onOpen={(index) => opened.push(index)} />);
    const tiles = [...page.querySelectorAll<HTMLButtonElement>(".cm-result")];
    expect(tiles).toHaveLength(4);
    act(() => tiles.forEach((tile) => tile.click()));
    expect(opened).toEqual([0, 1, 2, 3]);
    expect(page.querySelectorAll(".cm-file")).toHaveLength(2);
    expect(page.querySelector<HTMLAnchorElement>(".cm-file a")).toMatchObject({ download: "mesh.glb", href: "http://monitor/v1/media/model3d" });
    const shown = ["img", "video", "audio", "pre", ".cm-file", ".cm-file"];
    outputs.forEach((_, index) => {
      show(<Lightbox outputs={outputs} index={index} onIndex={() => {}} title="Job" />);
      expect(page.querySelector(`dialog ${shown[index]}`), shown[index]).not.toBeNull();
    });
  });

  test("arrows go through the lightbox and Escape leaves it", () => {
    const outputs = [of("image"), of("image", { mediaId: "b" })];
    let at: number | undefined = 0;
    const draw = () => show(<Lightbox outputs={outputs} index={at} onIndex={(index) => (at = index)} title="Job" seed="18446744073709551615" onUseInputs={() => {}} />);
    draw();
    const dialog = page.querySelector("dialog");
    const key = (key: string) => {
      act(() => void dialog?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
      draw();
    };
    key("ArrowLeft");
    expect(at).toBe(0);
    key("ArrowRight");
    key("ArrowRight");
    expect(at).toBe(1);
    expect(text()).toContain("2 of 2");
    for (const word of ["seed 18446744073709551615", "Copy seed", "Use these inputs", "Download"]) expect(text()).toContain(word);
    act(() => void dialog?.dispatchEvent(new Event("cancel", { cancelable: true })));
    expect(at).toBeUndefined();
  });

  test("where a token is wanted, bytes are fetched with it and given back", async () => {
    const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response("bytes"));
    show(<Results outputs={[of("image")]} title="t" onOpen={() => {}} />, monitor({ fetch, token: () => "secret" }));
    await act(async () => void (await new Promise((done) => setTimeout(done, 20))));
    expect(fetch.mock.calls[0]?.[1]?.headers).toEqual({ Authorization: "Bearer secret" });
    expect(page.querySelector("img")?.getAttribute("src")).toBe("blob:1");
    act(() => root.render(null));
    expect(urls.size).toBe(0);
  });
});

describe("previews", () => {
  const picture = (value: number, contentType = "image/png"): Preview => ({
    header: { type: "PreviewHeader", queueId: "q", promptId: "p", nodeId: "3", contentType, sequence: 1, value },
    image: new Uint8Array([value]),
  });
  const [running] = [...states(job("02-txt2img"))].filter((state) => state.running.length > 0);
  const state = running as JobState;
  const draw = (preview: Preview | undefined, at = state) => show(<LivePreview state={at} preview={preview} />);
  const loaded = () => act(() => page.querySelectorAll(".cm-preview__layer").forEach((img) => img.dispatchEvent(new Event("load"))));

  test("each fades in over the one before it, at most three at a time, and none is left behind", () => {
    vi.useFakeTimers();
    for (let step = 1; step <= 20; step += 1) {
      draw(picture(step));
      if (step % 3 === 0) loaded();
      if (step % 5 === 0) act(() => vi.advanceTimersByTime(200));
    }
    expect(most).toBeLessThanOrEqual(4);
    loaded();
    act(() => vi.advanceTimersByTime(200));
    expect(page.querySelectorAll(".cm-preview__layer")).toHaveLength(1);
    expect(text()).toContain("Preview at step 20");
    expect(urls.size).toBe(1);
    act(() => root.render(null));
    expect(urls.size).toBe(0);
  });

  test("none leaks where React mounts everything twice", () => {
    act(() => root.render(<StrictMode><LivePreview state={state} preview={picture(1)} /></StrictMode>));
    act(() => root.render(<StrictMode><LivePreview state={state} preview={picture(2)} /></StrictMode>));
    act(() => root.render(null));
    expect(urls.size).toBe(0);
  });

  test("the picture stays between two nodes, and goes with its attempt", () => {
    draw(picture(20));
    draw(undefined);
    expect(text()).toContain("Preview at step 20");
    draw(undefined, { ...state, generation: { ...(state.generation as Generation), promptId: "another" } });
    expect(text()).not.toContain("Preview at step");
    expect(urls.size).toBe(0);
  });

  test("before the first one it says that one comes, and it draws nothing that is no picture", () => {
    draw(undefined);
    expect(text()).toBe("The first preview comes after a few steps");
    draw(picture(1, "image/svg+xml"));
    draw(picture(2, "text/html"));
    expect(urls.size).toBe(0);
  });

  test("when the job is done its result takes the place", () => {
    const done = [...states(job("02-txt2img"))].at(-1) as JobState;
    draw(picture(20), done);
    expect(page.querySelector("img")?.getAttribute("src")).toMatch(/^http:\/\/monitor\/v1\/media\//);
  });
});

test("while it waits to try again, the time is counted down and then it is now", () => {
  vi.useFakeTimers();
  const waiting = [...states(job("retried"))].find((state) => state.generation?.retry)?.generation as Generation;
  vi.setSystemTime(Date.parse(waiting.retry?.retryAt ?? "") - 7_600);
  show(<RetryBanner generation={waiting} />);
  expect(text()).toContain("in 8 s");
  act(() => vi.advanceTimersByTime(5_000));
  expect(text()).toContain("in 3 s");
  act(() => vi.advanceTimersByTime(5_000));
  expect(text()).toContain("now");
});
