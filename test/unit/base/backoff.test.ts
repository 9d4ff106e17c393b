// The pauses between tries: an agent's dials, a client's looks for the leader.

import { expect, test } from "vitest";
import { backoffMs } from "../../../src/core/base/backoff.ts";

const limits = { initialMs: 500, maxMs: 30_000 };

test.each([
  { failures: 0, random: 0, ms: 250, why: "at least half of the first pause" },
  { failures: 0, random: 0.999, ms: 499.75, why: "at most the first pause" },
  { failures: 1, random: 0, ms: 500, why: "then it doubles" },
  { failures: 5, random: 0, ms: 8_000, why: "and doubles" },
  { failures: 6, random: 0, ms: 15_000, why: "up to the limit" },
  { failures: 10_000, random: 0, ms: 15_000, why: "for ever" },
])("$failures failures, $ms ms: $why", ({ failures, random, ms }) => {
  expect(backoffMs(failures, limits, random)).toBeCloseTo(ms);
});
