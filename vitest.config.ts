import { defineConfig } from "vitest/config";

const project = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    // Most of the time goes into waiting for real processes: two files at once, also where two cores are all there are.
    maxWorkers: 2,
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    // Most of the time goes into waiting for real processes: two files at once, also where two cores are all there are.
    maxWorkers: 2,
    projects: [
      project("unit", 10_000),
      project("conformance", 30_000),
      project("sim", 180_000),
      project("ui", 20_000),
      project("tidy", 20_000),
      project("cli", 60_000),
      project("integration", 180_000),
    ],
  },
});
