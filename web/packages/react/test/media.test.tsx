// @vitest-environment jsdom
import { act, StrictMode } from "react";
import { describe, expect, test, vi } from "vitest";
import type { JobState } from "../src/core/reducer.js";
import { Lightbox, LivePreview, Results, type Generation, type Output, type Preview } from "../src/index.js";
import { job, monitor, page, show, states, text, usePage } from "./page.js";

usePage();

describe("media", () => {
  const of = (kind: Output["kind"], more: Partial<Output> = {}): Output => ({ mediaId: kind, nodeId: "9", kind, preview: false, status: "stored", url: `/v1/media/${kind}`, ...more });

  test("every kind has its tile or its row, and its place in the lightbox", () => {
    const outputs = [of("image"), of("video"), of("audio"), of("text", { text: "a caption" }), of("model3d", { originalFilename: "mesh.glb", size: 4_200_000 }), of("file")];
    const opened: number[] = [];
    show(<Results outputs={outputs} title="Job" onOpen={(index) => opened.push(index)} />);
    const tiles = [...page.element.querySelectorAll<HTMLButtonElement>(".cm-result")];
    expect(tiles).toHaveLength(4);
    act(() => tiles.forEach((tile) => tile.click()));
    expect(opened).toEqual([0, 1, 2, 3]);
    expect(page.element.querySelectorAll(".cm-file")).toHaveLength(2);
    expect(page.element.querySelector<HTMLAnchorElement>(".cm-file a")).toMatchObject({ download: "mesh.glb", href: "http://monitor/v1/media/model3d" });
    const shown = ["img", "video", "audio", "pre", ".cm-file", ".cm-file"];
    outputs.forEach((_, index) => {
      show(<Lightbox outputs={outputs} index={index} onIndex={() => {}} title="Job" />);
      expect(page.element.querySelector(`dialog ${shown[index]}`), shown[index]).not.toBeNull();
    });
  });

  test("arrows go through the lightbox and Escape leaves it", () => {
    const outputs = [of("image"), of("image", { mediaId: "b" })];
    let at: number | undefined = 0;
    const draw = () => show(<Lightbox outputs={outputs} index={at} onIndex={(index) => (at = index)} title="Job" seed="18446744073709551615" onUseInputs={() => {}} />);
    draw();
    const dialog = page.element.querySelector("dialog");
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
    expect(page.element.querySelector("img")?.getAttribute("src")).toBe("blob:1");
    act(() => page.root.render(null));
    expect(page.urls.size).toBe(0);
  });
});

describe("previews", () => {
  const picture = (value: number, contentType = "image/png"): Preview => ({
    header: { type: "preview", queueId: "q", promptId: "p", nodeId: "3", contentType, sequence: 1, value },
    image: new Uint8Array([value]),
  });
  const [running] = [...states(job("02-txt2img"))].filter((state) => state.running.length > 0);
  const state = running as JobState;
  const draw = (preview: Preview | undefined, at = state) => show(<LivePreview state={at} preview={preview} />);
  const loaded = () => act(() => page.element.querySelectorAll(".cm-preview__layer").forEach((img) => img.dispatchEvent(new Event("load"))));

  test("each fades in over the one before it, at most three at a time, and none is left behind", () => {
    vi.useFakeTimers();
    for (let step = 1; step <= 20; step += 1) {
      draw(picture(step));
      if (step % 3 === 0) loaded();
      if (step % 5 === 0) act(() => vi.advanceTimersByTime(200));
    }
    expect(page.mostUrls).toBeLessThanOrEqual(4);
    loaded();
    act(() => vi.advanceTimersByTime(200));
    expect(page.element.querySelectorAll(".cm-preview__layer")).toHaveLength(1);
    expect(text()).toContain("Preview at step 20");
    expect(page.urls.size).toBe(1);
    act(() => page.root.render(null));
    expect(page.urls.size).toBe(0);
  });

  test("none leaks where React mounts everything twice", () => {
    act(() => page.root.render(<StrictMode><LivePreview state={state} preview={picture(1)} /></StrictMode>));
    act(() => page.root.render(<StrictMode><LivePreview state={state} preview={picture(2)} /></StrictMode>));
    act(() => page.root.render(null));
    expect(page.urls.size).toBe(0);
  });

  test("the picture stays between two nodes, and goes with its attempt", () => {
    draw(picture(20));
    draw(undefined);
    expect(text()).toContain("Preview at step 20");
    draw(undefined, { ...state, generation: { ...(state.generation as Generation), promptId: "another" } });
    expect(text()).not.toContain("Preview at step");
    expect(page.urls.size).toBe(0);
  });

  test("before the first one it says that one comes, and it draws nothing that is no picture", () => {
    draw(undefined);
    expect(text()).toBe("The first preview comes after a few steps");
    draw(picture(1, "image/svg+xml"));
    draw(picture(2, "text/html"));
    expect(page.urls.size).toBe(0);
  });

  test("when the job is done its result takes the place", () => {
    const done = [...states(job("02-txt2img"))].at(-1) as JobState;
    draw(picture(20), done);
    expect(page.element.querySelector("img")?.getAttribute("src")).toMatch(/^http:\/\/monitor\/v1\/media\//);
  });
});
