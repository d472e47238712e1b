/** How the product says numbers, times and states (pure; no React). */
export * from "./left.js";
export * from "./numbers.js";
export * from "./states.js";
export * from "./time.js";
export * from "./titles.js";
