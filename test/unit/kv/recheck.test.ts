// A version that changed in memory is found by a pass over all versions, and by the next snapshot. Compactions, which copy
// versions, neither hide one nor invent one.

import { expect, test } from "vitest";
import { present } from "../../../src/core/base/assert.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { VERSIONS_MAX } from "../../../src/core/kv/segment.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { RangeRequest } from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { bytes, compact, del, perform, put } from "./operations.ts";

const REVISIONS = 9_000;

function filled(): KeySpace {
  const space = new KeySpace();
  const random = new SeededPrng(11);
  for (let at = 0; at < REVISIONS; at += 1) {
    const key = `key-${random.below(2_000)}`;
    perform(space, random.below(6) === 0 ? del(key) : put(key, `value ${at} of ${key}`));
    if (random.below(1_500) === 0) perform(space, compact(space.currentRevision - 100));
  }
  return space;
}

/** The first damaged version's revision, and in how many slices it was looked for. */
function pass(
  space: KeySpace,
  between: () => void = () => undefined,
): { damaged: number | null; slices: number } {
  let at: number | null = 0;
  for (let slices = 1; ; slices += 1) {
    const { next, damaged } = space.recheck(at);
    if (damaged !== null) return { damaged: damaged.modRevision, slices };
    if (next === null) return { damaged: null, slices };
    at = next;
    between();
  }
}

/** As damaged memory would be: what a read answers shares the memory of the history. */
function damage(space: KeySpace, part: "key" | "value", from = "\0"): number {
  const first = RangeRequest.fromPartial({ key: bytes(from), rangeEnd: bytes("\0"), limit: 1 });
  const read = space.range(first);
  const kv = present(read.ok ? read.response.kvs[0] : null, "there are keys");
  kv[part][2] = (kv[part][2] ?? 0) ^ 0x10;
  return kv.modRevision;
}

test("a sound history is found sound, a slice at a time, also while it grows and is compacted", () => {
  const space = filled();
  expect(pass(space).slices).toBeGreaterThan(10);
  let number = 0;
  const { damaged } = pass(space, () => {
    number += 1;
    for (let more = 0; more < 40; more += 1) perform(space, put(`key-${more}`, `new ${number}`));
    if (number % 5 === 0) perform(space, compact(space.currentRevision - 10));
  });
  expect(damaged).toBeNull();
});

test.each(["key", "value"] as const)(
  "a bit of a %s that flipped is found, and the digest is what it was",
  (part) => {
    const space = filled();
    const { digest } = space;
    const revision = damage(space, part);
    expect(space.digest).toBe(digest);
    expect(pass(space).damaged).toBe(revision);
  },
);

test.each([
  { at: VERSIONS_MAX - 1, why: "the last one of a segment" },
  { at: VERSIONS_MAX, why: "the first one of the next segment" },
  { at: VERSIONS_MAX + 99, why: "the last one of all" },
])("each version is looked at: $why", ({ at }) => {
  const space = new KeySpace();
  for (let number = 0; number < VERSIONS_MAX + 100; number += 1)
    perform(space, put(`key-${number}`, "value"));
  const revision = damage(space, "value", `key-${at}`);
  expect(revision).toBe(at + 2);
  expect(pass(space).damaged).toBe(revision);
});

test("a compaction that copies a damaged version does not hide it", () => {
  const space = filled();
  const revision = damage(space, "value");
  perform(space, compact(space.currentRevision));
  for (let sweeps = 0; sweeps < 100; sweeps += 1) space.sweep();
  expect(pass(space).damaged).toBe(revision);
});

test("a damaged version gets into no snapshot", () => {
  const space = filled();
  damage(space, "value");
  expect(() => [...encodeKeySpace(space.capture())]).toThrow("as it was appended");
});

test("a restored key space is found sound", () => {
  const reader = new KeySpaceReader();
  for (const part of encodeKeySpace(filled().capture())) expect(reader.add(part)).toBeNull();
  const restored = reader.finish();
  if (!restored.ok) throw new Error(restored.message);
  expect(pass(restored.keySpace).damaged).toBeNull();
});
