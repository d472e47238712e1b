/** How the product says numbers, times and states (pure; no React). */
export * from "./numbers.js";
export * from "./states.js";
export * from "./time.js";
