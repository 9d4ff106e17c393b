// A smoke of the fuzzer of etcd's API: `npm run fuzz` runs for as long as wanted.

import { expect, test } from "vitest";
import { fuzzEtcd } from "../fuzz/etcd-fuzz.ts";

const SEEDS = 120;

test("no request of a client or a stranger stops a coordinator, and the key space is the same on all afterwards", async () => {
  const { seeds, requests, answered } = await fuzzEtcd({ fromSeed: 1, goesOn: (seed) => seed <= SEEDS });
  expect(seeds).toBe(SEEDS);
  expect(requests).toBeGreaterThan(SEEDS);
  expect(answered, "some requests are valid").toBeGreaterThan(0);
});
