import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../src/", import.meta.url));
const OUTSIDE = [/^react(\/|$)/, /^react-dom(\/|$)/, /^lucide-react(\/|$)/];

async function bundled(entry: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    oxc: { jsx: { runtime: "automatic", development: false } },
    build: {
      write: false,
      minify: true,
      // As a page gets it: a library build would leave the white space in.
      rollupOptions: { input: SOURCE + entry, preserveEntrySignatures: "strict", external: OUTSIDE },
    },
  });
  const { output } = built as unknown as { output: Array<{ code?: string }> };
  return output.map(({ code = "" }) => code).join("");
}

/** In a process without window, WebSocket and document; what is outside is only looked at when something is called. */
function importedAlone(code: string): string {
  const alone = code
    .replace(/import\s*\{([^}]*)\}\s*from\s*"[^"]*";?/g, (_, names: string) =>
      names.split(",").map((name) => `const ${name.trim().split(/\s+as\s+/).at(-1)} = () => ({});`).join(""),
    )
    .replace(/import\s+(\w+)\s+from\s*"[^"]*";?/g, "const $1 = () => ({});");
  const input = `delete globalThis.WebSocket;${alone};console.log("imported")`;
  return String(execFileSync(process.execPath, ["--input-type=module", "-"], { input }));
}

test.each([
  ["what the hooks need", "hooks/index.ts", 12_000],
  ["all of it", "index.ts", 38_000],
])("%s, without React and icons, stays small, and needs no browser to be imported", async (_, entry, most) => {
  const code = await bundled(entry);
  const size = gzipSync(code).length;
  console.info(`${entry}: ${size} bytes gzipped`);
  expect(size).toBeGreaterThan(3_000);
  expect(size).toBeLessThanOrEqual(most);
  expect(importedAlone(code)).toBe("imported\n");
});

test("what is marked for the browser names its exports: a star there is more than bundlers of server components read", () => {
  const marked = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .filter((file) => readFileSync(SOURCE + file, "utf8").startsWith('"use client"'));
  expect(marked.length).toBeGreaterThan(10);
  for (const file of marked) expect(readFileSync(SOURCE + file, "utf8"), file).not.toMatch(/^export \*/m);
});
