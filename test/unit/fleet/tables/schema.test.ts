// Keys of pairs of numbers: texts in the order of the numbers.

import { expect, test } from "vitest";
import { outcomeKey, schemas } from "../../../../src/core/fleet/tables/schema.ts";

const NUMBERS = [
  ...[0, 1, 2, 127, 128, 16_383, 16_384, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 42 - 1, 2 ** 42],
  ...[2 ** 52, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
];
const PAIRS = NUMBERS.flatMap((first) => NUMBERS.map((second) => [first, second] as const));

const session = ([lastUsedIndex, sessionId]: readonly [number, number]) => ({
  ...{ sessionId, lastUsedIndex, firstOutstanding: 0, outcomeCount: 0, lastSequence: 0, openedBy: "" },
});

test.each([
  {
    what: "outcomes by session and sequence",
    keyOf: ([a, b]: readonly [number, number]) => outcomeKey(a, b),
  },
  {
    what: "sessions by their last use",
    keyOf: (pair: readonly [number, number]) => schemas.sessions.placeOf?.(session(pair)) ?? "",
  },
])("ascending, and all different: $what", ({ keyOf }) => {
  const keys = PAIRS.map(keyOf);
  expect(new Set(keys).size).toBe(PAIRS.length);
  for (const [at, key] of keys.entries()) if (at > 0) expect((keys[at - 1] ?? "") < key).toBe(true);
});
