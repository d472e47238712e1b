import { expect, test } from "vitest";
import { matching, typedTo } from "../../src/controls/choices.js";
import { placedUnder } from "../../src/controls/place.js";

const choices = ["sdxl/base_1.0.safetensors", "sdxl/refiner_1.0.safetensors", "flux/base-dev.gguf", "Anime base"].map((label) => ({ value: label, label }));
const labels = (search: string) => matching(choices, search).map(({ label }) => label);

test("all words have to be found, in any order, whatever their case", () => {
  expect(labels("SAFE sdxl")).toEqual(["sdxl/base_1.0.safetensors", "sdxl/refiner_1.0.safetensors"]);
  expect(labels("sdxl gguf")).toEqual([]);
  expect(labels("  ")).toHaveLength(4);
});

test("files that begin with it come before those that have it inside, whatever their folder", () => {
  expect(labels("base")).toEqual(["sdxl/base_1.0.safetensors", "flux/base-dev.gguf", "Anime base"]);
});

test("a letter goes to the next choice that begins with it, round the end; a word stays where it fits", () => {
  const samplers = ["ddim", "dpmpp_2m", "euler", "dpmpp_sde"].map((label) => ({ value: label, label }));
  expect([typedTo(samplers, "d", 0), typedTo(samplers, "d", 1), typedTo(samplers, "d", 3)]).toEqual([1, 3, 0]);
  expect(typedTo(samplers, "dp", 1)).toBe(1);
  expect(typedTo(samplers, "x", 0)).toBe(-1);
});

test("a list stands under its field, above where there is more room, and never outside the window", () => {
  const field = { left: 300, top: 100, bottom: 134, width: 260 };
  expect(placedUnder(field, 1440, 900)).toMatchObject({ left: "300px", top: "138px", bottom: "auto", minWidth: "260px", maxHeight: "360px" });
  expect(placedUnder({ ...field, top: 800, bottom: 834 }, 1440, 900)).toMatchObject({ top: "auto", bottom: "104px", maxHeight: "360px" });
  expect(placedUnder({ left: 340, top: 100, bottom: 134, width: 40 }, 390, 844)).toMatchObject({ left: "186px", minWidth: "200px" });
});
