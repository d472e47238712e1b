/** Where the programs under test are. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = new URL("../../../", import.meta.url).pathname;
const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug");

export const fixtures = join(root, "fixtures");
export const dist = join(root, "web/app/dist");

export const programs = {
  monitor: process.env.MONITOR_BIN ?? join(target, "comfyui-monitor"),
  fake: process.env.FAKE_COMFY_BIN ?? join(target, "examples/fake_comfy"),
  /** All functions on AWS. */
  functions: process.env.FUNCTIONS_BIN ?? join(target, "bootstrap"),
  deploy: join(root, "deploy/aws/deploy.py"),
  /** What `scripts/require aws` installs. */
  awsTool: (name: string): string => join(root, "target/aws-tools/bin", name),
  /** Debian's, or any of the family. */
  get chromium(): string {
    const named = process.env.CHROMIUM;
    if (named) return named;
    const folders = (process.env.PATH ?? "").split(delimiter);
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
      if (found) return found;
    }
    throw new Error("Chromium is missing: install it, or name it in CHROMIUM");
  },
};
