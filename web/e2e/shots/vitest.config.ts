import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["shots/*.shot.ts"], fileParallelism: false, testTimeout: 900_000 } });
