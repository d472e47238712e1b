/** Runs a program of this folder: `node run.mjs shots.ts ...`. Node 20 does not read TypeScript by itself. */
import { runnerImport } from "vite";

const file = process.argv[2];
process.argv.splice(1, 2, file);
const { module } = await runnerImport(new URL(file, import.meta.url).pathname, { configFile: false, logLevel: "error" });
await module.main(process.argv.slice(2));
