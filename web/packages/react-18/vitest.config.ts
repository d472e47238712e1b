import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const old = (name: string) => fileURLToPath(new URL(`./node_modules/${name}`, import.meta.url));

/** The tests of `../react` that render, with the React of this folder in the place of theirs. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^react(?=\/|$)/, replacement: old("react") },
      { find: /^react-dom(?=\/|$)/, replacement: old("react-dom") },
    ],
  },
  test: {
    root: fileURLToPath(new URL("../react", import.meta.url)),
    include: ["test/hooks.test.ts", "test/**/*.test.tsx"],
    setupFiles: [fileURLToPath(new URL("./version.ts", import.meta.url))],
    // It imports React too.
    server: { deps: { inline: ["lucide-react"] } },
  },
});
