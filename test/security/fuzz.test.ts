// A smoke of the fuzzer: `npm run fuzz` runs for as long as wanted.

import { expect, test } from "vitest";
import { fuzz } from "../fuzz/fuzz.ts";

const SEEDS = 240;

test("no frame of a member or a stranger stops a coordinator, and the cluster leads and commits afterwards", async () => {
  const { seeds, frames } = await fuzz({ fromSeed: 1, goesOn: (seed) => seed <= SEEDS });
  expect(seeds).toBe(SEEDS);
  expect(frames).toBeGreaterThan(SEEDS);
});
