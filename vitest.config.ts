import { defineConfig } from "vitest/config";

// What a poll waits for must come: how soon is the machine's matter, and a slow disk's. Tests that ask how long
// something takes say so themselves.
const POLL_MS = 120_000;

const project = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    // Most of the time goes into waiting for real processes: three files at once, also where two cores are all there are.
    maxWorkers: 3,
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    expect: { poll: { timeout: POLL_MS } },
  },
});

export default defineConfig({
  test: {
    // Most of the time goes into waiting for real processes: three files at once, also where two cores are all there are.
    maxWorkers: 3,
    projects: [
      project("unit", 180_000),
      project("conformance", 180_000),
      project("sim", 300_000),
      project("ui", 180_000),
      project("tidy", 180_000),
      project("cli", 300_000),
      project("integration", 600_000),
      project("security", 600_000),
    ],
  },
});
