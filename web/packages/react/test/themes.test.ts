/** The colours are those of the design's tables, in every place they are written. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/styles/themes.css", "utf8");

/** The declarations of the block after `selector`. */
function block(selector: string): Map<string, string> {
  const from = css.indexOf("{", css.indexOf(selector) + selector.length - 1);
  const body = css.slice(from + 1, css.indexOf("}", from));
  return new Map([...body.matchAll(/--cm-([\w-]+): ([^;]+);/g)].map(([, name = "", value = ""]) => [name, value]));
}

const dark = block('[data-theme="dark"] {');
const light = block('[data-theme="light"] {');
const system = block(":root:where(:not([data-theme])) {");
const exact = block("  [data-theme] {");

type Rgb = [number, number, number];

function rgb(hex: string): Rgb {
  const [, r = "", g = "", b = ""] = /^#(..)(..)(..)$/.exec(hex) ?? [];
  return [r, g, b].map((part) => Number.parseInt(part, 16)) as Rgb;
}

/** `oklch(80.5% .16 70)` in sRGB, cut to its gamut. */
function fromOklch(text: string): Rgb {
  const [, l, c, h] = (/oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)/.exec(text) ?? []).map(Number) as [number, number, number, number];
  const [a, b] = [c * Math.cos((h * Math.PI) / 180), c * Math.sin((h * Math.PI) / 180)];
  const cone = (x: number, y: number) => (l / 100 + x * a + y * b) ** 3;
  const [long, medium, short] = [cone(0.3963377774, 0.2158037573), cone(-0.1055613458, -0.0638541728), cone(-0.0894841775, -1.291485548)];
  const linear = [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
  return linear.map((value) => {
    const cut = Math.min(1, Math.max(0, value));
    return 255 * (cut <= 0.0031308 ? 12.92 * cut : 1.055 * cut ** (1 / 2.4) - 0.055);
  }) as Rgb;
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => (part <= 10.31 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(theme: Map<string, string>, of: string, on = "surface"): number {
  const [a, b] = [of, on].map((name) => luminance(rgb(theme.get(name) ?? ""))).sort((x, y) => y - x) as [number, number];
  return (a + 0.05) / (b + 0.05);
}

const STATES = ["queued", "cached", "done", "failed", "interrupted", "retrying", "stalled", "lost"];

test("light is the same whether it is chosen or the system's, and has every colour that dark has", () => {
  expect(dark.size).toBeGreaterThan(35);
  expect([...system]).toEqual([...light]);
  expect([...light.keys()]).toEqual([...dark.keys()]);
});

test("where OKLCH is understood the colours are the same", () => {
  expect(exact.size).toBe(26);
  for (const [name, value] of exact) {
    const [ofLight = "", ofDark = ""] = value.match(/oklch\([^)]*\)/g) ?? [];
    for (const [theme, text] of [[light, ofLight], [dark, ofDark]] as const) {
      const wanted = rgb(theme.get(name) ?? "");
      // The table rounds both; what is outside of sRGB may be brought into it in more than one way.
      const got = fromOklch(text);
      const most = got.some((part) => part < 0.01 || part > 254.99) ? 6 : 2.5;
      got.forEach((part, at) => expect(Math.abs(part - wanted[at]!), `${name} ${text}`).toBeLessThanOrEqual(most));
    }
  }
});

test("text is at least 4.5 to its ground, and what must be seen 3", () => {
  for (const theme of [dark, light]) {
    for (const name of ["text", "text-2", "text-3", "live", ...STATES.map((state) => `state-${state}`)]) {
      expect(contrast(theme, name), name).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(theme, "text-3", "active")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, "control")).toBeGreaterThanOrEqual(3);
    // The head of a bar, which is what matters, to the empty bar.
    expect(contrast(theme, theme.get("head")?.slice("var(--cm-".length, -1) ?? "", "track")).toBeGreaterThanOrEqual(3);
  }
});

test("the gradient is reversed in light, so that its head always stands out", () => {
  expect([dark.get("tail"), dark.get("head")]).toEqual(["var(--cm-ember)", "var(--cm-glow)"]);
  expect([light.get("tail"), light.get("head")]).toEqual(["var(--cm-glow)", "var(--cm-ember)"]);
});

test("every token that a style of the package asks for is there, or is set by its component", () => {
  const sheets = ["tokens", "states", "nodes", "bars", "strip", "edge"].map((name) => readFileSync(`src/styles/${name}.css`, "utf8")).join("");
  const known = new Set([...`${css}${sheets}`.matchAll(/--cm-([\w-]+):/g)].map(([, name]) => name));
  const set = ["kind", "lit", "dark", "glide", "steps", "ground", "at", "edge", "edge-width", "edge-gap", "edge-radius", "span", "slice"];
  const asked = [...sheets.matchAll(/var\(--cm-([\w-]*\w)[,)]/g)].map(([, name = ""]) => name);
  expect(asked.filter((name) => !known.has(name) && !set.includes(name))).toEqual([]);
});
