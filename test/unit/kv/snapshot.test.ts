// Snapshots of the key space: round trips, what a capture is, and what is refused.

import { expect, test } from "vitest";
import { encodeMessage } from "../../../src/core/base/encode-message.ts";
import { drained } from "../../../src/core/fleet/slices.ts";
import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceCheck, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { KeySpaceSnapshot } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { bytes, compact, del, grant, listed, perform, put, revoke } from "./operations.ts";

const rule = (windowMs: number, changeNumber: number): KeyOperationKind => ({
  $case: "retention",
  value: { windowMs, revisionsMax: 1_000, changeNumber },
});

function example(): KeySpace {
  const space = new KeySpace();
  perform(space, rule(1_000, 1), 1_000);
  perform(space, rule(60_000, 2), 2_000);
  perform(space, { $case: "leaseTerm", value: { term: 3 } }, 5_000);
  perform(space, grant("7", 60));
  perform(space, grant("-9", 60));
  for (const value of ["1", "2", "3"]) perform(space, put("a", value));
  perform(space, put("b", "leased", { lease: "7" }));
  perform(space, del("a"));
  perform(space, put("c", "new"));
  return space;
}

function snapshotOf(space: KeySpace): Uint8Array {
  return Buffer.concat([...encodeKeySpace(space.capture())]);
}

function restored(snapshot: Uint8Array, sliceBytes = 7): KeySpace {
  const reader = new KeySpaceReader();
  for (let at = 0; at < snapshot.length; at += sliceBytes) {
    expect(reader.add(snapshot.subarray(at, at + sliceBytes))).toBeNull();
  }
  const whole = reader.finish();
  if (!whole.ok) throw new Error(whole.message);
  return whole.keySpace;
}

const hashOf = (space: KeySpace, revision: number) => {
  const read = space.hashKv(revision);
  return read.ok ? drained(read.response.hash) : read.error;
};

test("a restored key space has the same history, leases, hashes and bytes", () => {
  const space = example();
  const copy = restored(snapshotOf(space));
  expect(copy.digest).toBe(space.digest);
  expect(copy.currentRevision).toBe(space.currentRevision);
  expect([copy.leases.term, copy.timeMs]).toEqual([3, 5_000]);
  for (const revision of [2, 3, 4, 5, 6, 7]) {
    expect(listed(copy, "\0", { end: "\0", revision })).toEqual(listed(space, "\0", { end: "\0", revision }));
    expect(hashOf(copy, revision)).toBe(hashOf(space, revision));
  }
  expect([...copy.leases.all()].map(({ id }) => [id, copy.leases.keysOf(id)])).toEqual([
    ["7", ["b"]],
    ["-9", []],
  ]);
  expect(snapshotOf(copy)).toEqual(snapshotOf(space));
});

test("the hash of an earlier revision stays as it was", () => {
  const space = example();
  const before = [2, 3, 4, 5, 6, 7].map((revision) => hashOf(space, revision));
  expect(new Set(before).size).toBe(6);
  perform(space, put("a", "later"));
  perform(space, del("b"));
  expect([2, 3, 4, 5, 6, 7].map((revision) => hashOf(space, revision))).toEqual(before);
});

test.each([
  { id: "1" },
  { id: "-1" },
  { id: String(2n ** 32n) },
  { id: String(2n ** 63n - 1n) },
  { id: String(-(2n ** 63n)) },
])("the lease $id keeps its id and its key", ({ id }) => {
  const space = new KeySpace();
  perform(space, grant(id, 60));
  perform(space, put("a", "1", { lease: id }));
  const copy = restored(snapshotOf(space));
  for (const each of [space, copy]) {
    expect(listed(each, "a")).toEqual([`a=1 2/2/1 lease ${id}`]);
    expect(each.leases.keysOf(id)).toEqual(["a"]);
    perform(each, revoke(id));
    expect(listed(each, "a")).toEqual([]);
  }
});

test("a compacted key space comes back compacted, and continues in the same way", () => {
  const space = example();
  perform(space, compact(4));
  const copy = restored(snapshotOf(space));
  expect(listed(copy, "a", { revision: 3 })).toBe("compacted");
  expect(listed(copy, "a", { revision: 4 })).toEqual(["a=3 2/4/3"]);
  for (const each of [space, copy]) {
    perform(each, put("a", "again"));
    perform(each, compact(7));
  }
  expect(copy.digest).toBe(space.digest);
  expect(snapshotOf(copy)).toEqual(snapshotOf(space));
});

test("a capture stays as it was", () => {
  const space = example();
  const before = snapshotOf(space);
  const view = space.capture();
  perform(space, put("b", "later"), 30_000);
  perform(space, grant("8", 60));
  perform(space, compact(8));
  expect(Buffer.concat([...encodeKeySpace(view)])).toEqual(before);
});

test("zero bytes are the empty key space", () => {
  expect(restored(new Uint8Array()).currentRevision).toBe(1);
});

test.each([
  { damage: (whole: Uint8Array) => whole.subarray(0, whole.length - 1), reason: "malformed" },
  { damage: (whole: Uint8Array) => whole.subarray(0, whole.length - 13), reason: "malformed|hash-mismatch" },
  { damage: flipped, reason: "hash-mismatch" },
  { damage: withOtherTtl, reason: "hash-mismatch" },
  { damage: () => bytes("no snapshot"), reason: "malformed" },
  { damage: () => new Uint8Array([8, 99]), reason: "format-unknown" },
])("a damaged snapshot is refused: $reason", ({ damage, reason }) => {
  const damaged = damage(snapshotOf(example()));
  for (const reader of [new KeySpaceReader(), new KeySpaceCheck()]) {
    const wrong = reader.add(damaged) ?? reader.finish();
    expect(wrong).toMatchObject({ ok: false, reason: expect.stringMatching(new RegExp(`^(${reason})$`)) });
  }
});

/** One bit of a value. */
function flipped(whole: Uint8Array): Uint8Array {
  const copy = Buffer.from(whole);
  const at = copy.indexOf("leased");
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

/** Of the first lease. */
function withOtherTtl(whole: Uint8Array): Uint8Array {
  const snapshot = KeySpaceSnapshot.decode(whole);
  const leases = snapshot.leases.map((lease, at) => (at === 0 ? { ...lease, ttlSeconds: 61 } : lease));
  return encodeMessage(KeySpaceSnapshot.encode, { ...snapshot, leases });
}
