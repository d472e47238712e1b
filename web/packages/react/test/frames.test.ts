import { expect, test, vi } from "vitest";
import { Decoder } from "../src/core/frames.js";

const AT = "2026-11-24T16:39:04.974Z";

test("an unknown frame type is ignored, with one warning however often it comes", () => {
  const warn = vi.fn();
  const decoder = new Decoder(warn);
  const frame = JSON.stringify({ type: "job_teleported", timestamp: AT });
  expect([decoder.text(frame), decoder.text(frame)]).toEqual([undefined, undefined]);
  expect(warn.mock.calls).toEqual([['comfyui-monitor: frames of type "job_teleported" are not known here and left out']]);
});

test.each(["", "{", "null", "[]", "{}", '{"type":7}', '{"type":"toString"}', '{"type":"pong"}', `{"type":"outputs","timestamp":"${AT}"}`])(
  "what is no frame is left out and warned of: %s",
  (text) => {
    const warn = vi.fn();
    expect(new Decoder(warn).text(text)).toBeUndefined();
    expect(warn).toHaveBeenCalledOnce();
  },
);

test("fields that are not known here do no harm", () => {
  const decoder = new Decoder();
  expect(decoder.text(JSON.stringify({ type: "pong", timestamp: AT, more: 1 }))?.type).toBe("pong");
});

function binary(header: string, image: number[], length = header.length): ArrayBuffer {
  const bytes = new Uint8Array(4 + header.length + image.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(new TextEncoder().encode(header), 4);
  bytes.set(image, 4 + header.length);
  return bytes.buffer;
}

test("a preview is its header and the bytes behind it", () => {
  const header = { type: "preview", queueId: "q", promptId: "p", nodeId: "3", contentType: "image/jpeg", sequence: 9 };
  const preview = new Decoder().preview(binary(JSON.stringify(header), [255, 216, 1]));
  expect(preview?.header).toEqual(header);
  expect([...(preview?.image ?? [])]).toEqual([255, 216, 1]);
});

test.each([new ArrayBuffer(0), new ArrayBuffer(3), binary("{}", [], 900), binary("{}", []), binary("{]", [])])(
  "a preview that cannot be read is left out and warned of",
  (bytes) => {
    const warn = vi.fn();
    expect(new Decoder(warn).preview(bytes)).toBeUndefined();
    expect(warn).toHaveBeenCalledOnce();
  },
);

const TEXT = { type: "preview", queueId: "q", promptId: "p", nodeId: "3", contentType: "image/jpeg", sequence: 9, value: 3, max: 20 };

test("a preview that came as text is the same as one that came as bytes", () => {
  const decoder = new Decoder();
  const image = [255, 216, 0, 127, 128, 1];
  const asText = decoder.read(JSON.stringify({ ...TEXT, data: Buffer.from(image).toString("base64") }));
  const asBytes = decoder.read(binary(JSON.stringify(TEXT), image));
  expect(asText).toEqual(asBytes);
  expect(asText).toEqual({ header: TEXT, image: new Uint8Array(image) });
});

test.each([{ data: "not base64!" }, { data: "" }, { data: 7 }, {}, { data: "AQID", contentType: undefined }])(
  "a preview in text that cannot be read is left out and warned of: %j",
  (more) => {
    const warn = vi.fn();
    expect(new Decoder(warn).read(JSON.stringify({ ...TEXT, ...more }))).toBeUndefined();
    expect(warn).toHaveBeenCalledOnce();
  },
);

test("what is no preview is read as a frame", () => {
  const warn = vi.fn();
  const decoder = new Decoder(warn);
  expect(decoder.read(JSON.stringify({ type: "pong", timestamp: AT }))).toEqual({ type: "pong", timestamp: AT });
  expect(decoder.read("[]")).toBeUndefined();
  expect(decoder.read('{"type":7}')).toBeUndefined();
  expect(warn).toHaveBeenCalledOnce();
});
