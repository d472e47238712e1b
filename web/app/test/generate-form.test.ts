import { complaintLine, type FormInput } from "@comfyui-monitor/react";
import { expect, test } from "vitest";
import { ambiguous, groups, leadingCount, leadingRows, nodeCount } from "../src/routes/generate/form/arrangement.js";
import { chosenSize, grouped, randomSeed, sizeChoices, sizeOf, sliderRange, stepped } from "../src/routes/generate/form/figures.js";
import { uuid } from "../src/routes/generate/form/ids.js";
import { byField, errorsOf, fitting, overridesOf, parsed, shownValue } from "../src/routes/generate/form/values.js";
import { input, INPUTS, WORKFLOW } from "./form.js";

const SEED = INPUTS.find(({ role }) => role === "seed") as FormInput;
const STEPS = INPUTS.find(({ role }) => role === "steps") as FormInput;
const CFG = INPUTS.find(({ role }) => role === "cfg") as FormInput;
const size = { width: INPUTS.find(({ role }) => role === "width") as FormInput, height: INPUTS.find(({ role }) => role === "height") as FormInput };

test("fields lead in the order of the form, seed beside size, steps beside CFG, sampler beside scheduler", () => {
  const rows = leadingRows(INPUTS).map((row) => row.map(({ key }) => key));
  expect(rows).toEqual([["6:text"], ["7:text"], ["4:ckpt_name"], ["3:seed", "5:size"], ["3:steps", "3:cfg"], ["3:sampler_name", "3:scheduler"]]);
  expect(leadingCount(leadingRows(INPUTS))).toBe(9);
});

test("of what has no partner each takes the whole row, and width without height is a field of its own", () => {
  const alone = INPUTS.filter(({ role }) => !["height", "cfg", "seed"].includes(role));
  expect(leadingRows(alone).map((row) => row.map(({ key }) => key))).toContainEqual(["5:width"]);
  expect(leadingRows(alone).map((row) => row.map(({ key }) => key))).toContainEqual(["3:steps"]);
});

test("a size is made of one node's width and height, not of two nodes'", () => {
  const other = [{ ...size.width, nodeId: "10" }, size.width, { ...size.height, nodeId: "10" }, size.height];
  expect(leadingRows(other).flat().map(({ key }) => key)).toEqual(["10:size", "5:size"]);
});

test("two samplers have two seeds, told apart by their node; a fourth is only among all inputs", () => {
  const seeds = ["3", "11", "12", "13"].map((nodeId) => ({ ...SEED, nodeId }));
  const rows = leadingRows(seeds);
  expect(rows.flat().map(({ key }) => key)).toEqual(["3:seed", "11:seed", "12:seed"]);
  expect([...ambiguous(rows)]).toEqual(["3:seed", "11:seed", "12:seed"]);
});

test("all inputs stand under their node, with its class", () => {
  expect(groups(INPUTS, WORKFLOW).map(({ nodeId, classType, inputs }) => [nodeId, classType, inputs.length])).toEqual([
    ["6", "CLIPTextEncode", 1], ["7", "CLIPTextEncode", 1], ["4", "CheckpointLoaderSimple", 1], ["3", "KSampler", 6], ["5", "EmptyLatentImage", 3],
  ]);
  expect(nodeCount({ ...WORKFLOW, extra: { note: 1 } })).toBe(7);
});

test("only what differs from the workflow is sent", () => {
  expect(overridesOf(INPUTS, {})).toEqual({});
  expect(overridesOf(INPUTS, { "3:steps": "20", "3:cfg": "7" })).toEqual({});
  expect(overridesOf(INPUTS, { "3:steps": "30", "6:text": "a pier", "5:batch_size": "x" })).toEqual({ "3": { steps: 30 }, "6": { text: "a pier" } });
});

test("seeds above 2^53 are text everywhere, and are sent though nobody touched them", () => {
  const long = { ...SEED, value: "18446744073709551615" };
  expect(overridesOf([long], {})).toEqual({ "3": { seed: "18446744073709551615" } });
  expect(overridesOf([SEED], { "3:seed": "9 007 199 254 740 993" })).toEqual({ "3": { seed: "9007199254740993" } });
  expect(overridesOf([long], { "3:seed": "5" })).toEqual({ "3": { seed: 5 } });
});

test("what is out of bounds is told with the bound, also above 2^53", () => {
  expect(errorsOf(INPUTS, { "3:steps": "0" })).toEqual({ "3:steps": "0 is below the least, 1" });
  expect(errorsOf(INPUTS, { "3:steps": "10001" })).toEqual({ "3:steps": "10001 is above the most, 10000" });
  expect(errorsOf(INPUTS, { "3:seed": "18446744073709551616" })["3:seed"]).toBe("18446744073709551616 is above the most, 18446744073709551615");
  expect(errorsOf(INPUTS, { "3:seed": "18446744073709551615" })).toEqual({});
});

test("what is no number is told in words, and a decimal comma is one", () => {
  expect(parsed(STEPS, "2.5")).toEqual({ error: "2.5 is not a whole number" });
  expect(parsed(STEPS, "")).toEqual({ error: "A number is missing" });
  expect(parsed(CFG, "6,5")).toEqual({ value: 6.5 });
  expect(parsed(CFG, "high")).toEqual({ error: "high is not a number" });
  expect(parsed(CFG, "1e2")).toEqual({ value: 100 });
});

test("a field nobody touched has no error here, whatever stands in it", () => {
  expect(errorsOf([{ ...STEPS, value: 0 }], {})).toEqual({});
});

test("choices keep their type, and the workflow's own value stays one", () => {
  const choice = input({ input: "bits", type: "choice", value: "gone.safetensors", choices: [8, 16, true] });
  expect(parsed(choice, "16")).toEqual({ value: 16 });
  expect(parsed(choice, "true")).toEqual({ value: true });
  expect(parsed(choice, "gone.safetensors")).toEqual({ value: "gone.safetensors" });
});

test("objects are written as JSON and sent as what they are", () => {
  const json = input({ input: "curve", type: "json", value: { a: [1, 2] } });
  expect(parsed(json, shownValue(json, json.value))).toEqual({ value: { a: [1, 2] } });
  expect(overridesOf([json], { "9:curve": '{"a":[1,2]}' })).toEqual({});
  expect(parsed(json, "{")).toMatchObject({ error: expect.stringContaining("This is no JSON") });
});

test("ComfyUI's complaints go to their fields, and what has none is kept besides", () => {
  const complaints = [
    { nodeId: "3", nodeTitle: "K-Sampler", input: "steps", message: "0 is below the least, 1" },
    { nodeId: "3", input: "steps", message: "Not even" },
    { nodeId: "9", nodeTitle: "Save Image", message: "is missing" },
  ];
  const { fields, rest } = byField(INPUTS, complaints);
  expect(fields).toEqual({ "3:steps": "0 is below the least, 1. Not even" });
  expect(rest).toEqual([complaints[2]]);
  expect(complaintLine(complaints[0] as { message: string })).toBe("K-Sampler, steps: 0 is below the least, 1");
});

test("drafts of fields that are gone go too", () => {
  expect(fitting(INPUTS, { "3:steps": "5", "99:gone": "x" })).toEqual({ "3:steps": "5" });
});

test("seeds are shown in groups of three, and what is no number as it is", () => {
  expect(grouped("418276903")).toBe("418\u2009276\u2009903");
  expect(grouped("18446744073709551615").replaceAll("\u2009", "")).toBe("18446744073709551615");
  expect(grouped("12a")).toBe("12a");
});

test("the dice use all 64 bits, and no more than the input takes", () => {
  const all = () => Uint32Array.of(0xffffffff, 0xffffffff);
  expect(randomSeed(SEED, all)).toBe("18446744073709551615");
  expect(randomSeed({ min: 0, max: 4294967295 }, all)).toBe("4294967295");
  expect(randomSeed({ min: -5, max: -5 }, all)).toBe("-5");
  expect(randomSeed({ min: 0, max: 1.8446744073709552e19 }, () => Uint32Array.of(0, 7))).toBe("7");
  expect(BigInt(randomSeed(SEED))).toBeLessThan(2n ** 64n);
});

test("sizes on offer are within the bounds, and the one that stands there is among them", () => {
  const labels = sizeChoices(size, {}).map(({ label }) => label);
  expect(labels[0]).toBe("128 × 128");
  expect(labels).toContain("1024 × 1024");
  expect(labels.at(-1)).toBe("Other size");
  const small = { ...size, width: { ...size.width, max: 600 } };
  expect(sizeChoices(small, { "5:width": "512", "5:height": "512" }).map(({ label }) => label)).toEqual(["512 × 512", "512 × 768", "480 × 832", "Other size"]);
  expect(chosenSize(size, { "5:width": "832", "5:height": "1216" })).toBe("832x1216");
  expect([sizeOf("832x1216"), sizeOf("custom")]).toEqual([["832", "1216"], undefined]);
});

test("a slider covers what is usual, and reaches what stands there", () => {
  expect(sliderRange(STEPS, 20)).toEqual({ min: 1, max: 50, step: 1 });
  expect(sliderRange(STEPS, 80)).toEqual({ min: 1, max: 80, step: 1 });
  expect(sliderRange(CFG, 7)).toEqual({ min: 0, max: 15, step: 0.1 });
  expect(sliderRange(input({ input: "denoise", type: "float", value: 1, min: 0, max: 1, step: 0.01 }), 1)).toEqual({ min: 0, max: 1, step: 0.01 });
  expect(sliderRange(SEED, 1)).toBeUndefined();
});

test("arrow keys step within the bounds, without the noise of floats", () => {
  expect(stepped(STEPS, "20", 1)).toBe("21");
  expect(stepped(STEPS, "1", -1)).toBe("1");
  expect(stepped(CFG, "0.2", 1)).toBe("0.3");
  expect(stepped(SEED, "18446744073709551614", 10)).toBe("18446744073709551615");
  expect(stepped(size.width, "512", 1)).toBe("520");
});

test("an id is a UUID where the browser makes none itself", () => {
  const source = { getRandomValues: <T>(array: T) => ((array as Uint8Array).fill(0xff), array) };
  expect(uuid(source as never)).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
