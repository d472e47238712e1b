import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const ENTRY = fileURLToPath(new URL("../src/index.ts", import.meta.url));

async function bundled(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      minify: true,
      lib: { entry: ENTRY, formats: ["es"] },
      rollupOptions: { external: ["react"] },
    },
  });
  const [{ output }] = built as unknown as [{ output: Array<{ code?: string }> }];
  return output.map(({ code = "" }) => code).join("");
}

test("all of it, without React, is at most 15 kB gzipped, and needs no browser to be imported", async () => {
  const code = await bundled();
  const size = gzipSync(code).length;
  expect(size).toBeGreaterThan(3_000);
  expect(size).toBeLessThanOrEqual(15_000);
  // In a process without window, WebSocket and document; React is only looked at when a hook is called.
  const alone = code.replace(/import\s*\{[^}]*\}\s*from\s*"react";?/g, (names) => {
    const bound = [...names.matchAll(/(\w+)\s*(?:as\s+(\w+))?\s*[,}]/g)].map(([, name, as]) => as ?? name);
    return bound.map((name) => `const ${name} = () => ({});`).join("");
  });
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", `delete globalThis.WebSocket;${alone};console.log("imported")`]);
  expect(String(out)).toBe("imported\n");
});
