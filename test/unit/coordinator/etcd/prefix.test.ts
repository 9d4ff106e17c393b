// The end of the range of all keys with a prefix.

import { expect, test } from "vitest";
import { rangeEndOfPrefix } from "../../../../src/core/coordinator/etcd/prefix.ts";

test.each([
  { prefix: [1, 2], end: [1, 3], why: "the last byte counts on" },
  { prefix: [1, 255, 255], end: [2], why: "bytes that cannot are left out" },
  { prefix: [255, 255], end: [0], why: "there is no end" },
])("$prefix to $end: $why", ({ prefix, end }) => {
  expect([...rangeEndOfPrefix(Uint8Array.from(prefix))]).toEqual(end);
});

test("a prefix may be as long as a request", () => {
  const prefix = Buffer.alloc(1_500_000, "n");
  const end = rangeEndOfPrefix(prefix);
  expect([end.length, end.at(-1), prefix.at(-1)]).toEqual([1_500_000, 0x6f, 0x6e]);
});
