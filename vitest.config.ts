import { defineConfig } from "vitest/config";

const project = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
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
