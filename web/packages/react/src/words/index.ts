/** How the product says numbers, times and states (pure; no React). */
export * from "./left.js";
export * from "./numbers.js";
export * from "./states.js";
export * from "./time.js";
export * from "./announce.js";
export * from "./errorMarkdown.js";
export * from "./job.js";
export * from "./names.js";
export * from "./retries.js";
export * from "./steps.js";
export * from "./traceback.js";
export * from "./titles.js";
export * from "./preview.js";
export * from "./notices.js";
export * from "./seeds.js";
