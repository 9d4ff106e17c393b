import { expect, test } from "vitest";
import { DELAY_MS_MAX, DrainRate } from "../../../../src/core/coordinator/group/drain-rate.ts";

test.each([
  { samples: [], waiting: 100, delayMs: DELAY_MS_MAX, why: "nothing is known" },
  {
    samples: [
      [0, 0],
      [1_000, 0],
    ],
    waiting: 100,
    delayMs: DELAY_MS_MAX,
    why: "nothing moves",
  },
  {
    samples: [
      [0, 0],
      [1_000, 1_000],
    ],
    waiting: 1_000,
    delayMs: 500,
    why: "half of a thousand at a thousand a second",
  },
  {
    samples: [
      [0, 0],
      [1_000, 100],
    ],
    waiting: 1_000,
    delayMs: DELAY_MS_MAX,
    why: "the cap",
  },
  {
    samples: [
      [0, 0],
      [1_000, 100_000],
    ],
    waiting: 1_000,
    delayMs: 20,
    why: "not in a hot loop",
  },
  {
    samples: [
      [0, 0],
      [500, 5_000],
      [1_600, 5_000],
      [2_600, 5_100],
    ],
    waiting: 100,
    delayMs: 500,
    why: "what was served long ago is forgotten",
  },
])("$delayMs ms: $why", ({ samples, waiting, delayMs }) => {
  const rate = new DrainRate();
  for (const [atMs = 0, served = 0] of samples) rate.sample(served, atMs);
  expect(rate.delayMs(waiting)).toBe(delayMs);
});
