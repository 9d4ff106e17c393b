import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { ShuffledFiles } from "./test/shuffled-files.ts";

// What Node has compiled once, for the children of tests: half of the CPU that their start takes. The folder is the one
// that the program itself uses (bin/run.js).
const { NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache") } = process.env;

// Where the tests' fleets note which ports are theirs: never in the user's own state folder. All tests of this machine
// share it. What is left of them is removed at the end (test/forget-ports.ts).
const XDG_STATE_HOME = join(tmpdir(), `fleet-test-state-${process.getuid?.() ?? 0}`);

// What a poll waits for must come: how soon is the machine's matter, and a slow disk's. Tests that ask how long
// something takes say so themselves.
const POLL_MS = 120_000;

// Unit tests share their worker's modules: importing them again for each of 440 files cost more CPU than the tests. Spies
// and variables of the environment are restored after each test. A file that replaces modules, or changes what a module
// keeps, has a worker of its own.
const UNIT = "test/unit/**/*.test.{ts,tsx}";
const ALONE = globSync(UNIT).filter((file) =>
  /\bvi\.mock\(|^encryptFolders\(/m.test(readFileSync(file, "utf8")),
);

// Unit tests run in another order each time, so that none comes to depend on the one before it. Their files do so as well
// (test/shuffled-files.ts). Vitest prints the seed first; `--sequence.seed` repeats an order.
const SHUFFLED = { sequence: { shuffle: { tests: true } } };

const project = (name: string, timeoutMs: number, more: object = {}) => ({
  extends: true as const,
  test: {
    // Most of the time goes into waiting for real processes: four files at once, also where two cores are all there are.
    maxWorkers: 4,
    name,
    globalSetup: ["test/forget-ports.ts"],
    env: { NODE_COMPILE_CACHE, XDG_STATE_HOME },
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    expect: { poll: { timeout: Math.min(POLL_MS, timeoutMs) } },
    ...more,
  },
});

export default defineConfig({
  test: {
    // Most of the time goes into waiting for real processes: four files at once, also where two cores are all there are.
    maxWorkers: 4,
    sequence: { sequencer: ShuffledFiles },
    projects: [
      // The slowest computes for 3 s on a busy machine. The few that wait for real seconds have a limit of their own.
      project("unit", 10_000, {
        ...{ isolate: false, restoreMocks: true, unstubEnvs: true, exclude: ALONE },
        ...SHUFFLED,
      }),
      project("unit-alone", 10_000, { include: ALONE, ...SHUFFLED }),
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
