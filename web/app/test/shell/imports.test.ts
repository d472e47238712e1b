import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const SOURCE = new URL("../../src/", import.meta.url).pathname;

/** Every import of a file of ours: from where, of what; both under `src`. */
const imports = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .flatMap((name) => {
    const text = readFileSync(join(SOURCE, name), "utf8");
    const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
    return [...found].map(([, path]) => ({ name, of: relative(SOURCE, join(SOURCE, dirname(name), path ?? "")) }));
  });

const routeOf = (name: string) => /^routes\/([^/]+)\//.exec(name)?.[1];

test("a route asks no other, and nothing but the app itself asks a route", () => {
  expect(imports.filter(({ of }) => routeOf(of)).length).toBeGreaterThan(100);
  const astray = imports.filter(({ name, of }) => routeOf(of) && routeOf(of) !== routeOf(name) && name !== "App.tsx");
  expect(astray).toEqual([]);
});
