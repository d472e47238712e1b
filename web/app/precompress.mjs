/** Packs what was built, once, so that the monitor need not: `main-1a2b.js` gets `main-1a2b.js.br` and `.gz` beside it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("dist", import.meta.url).pathname;
/** All else that is built is packed already. */
const text = new Set([".css", ".html", ".js", ".json", ".svg", ".webmanifest"]);

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !text.has(extname(entry.name))) continue;
  const file = join(entry.parentPath, entry.name);
  const bytes = readFileSync(file);
  const packed = {
    br: brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
    gz: gzipSync(bytes, { level: 9 }),
  };
  for (const [suffix, smaller] of Object.entries(packed)) {
    // What travels in one packet is not worth a second file.
    if (smaller.length < bytes.length * 0.9 && bytes.length > 1_400) writeFileSync(`${file}.${suffix}`, smaller);
  }
}
