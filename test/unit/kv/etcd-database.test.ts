// The structure of the file, read back by a reader of its own. Whether etcd reads it: integration/etcd-snapshot.test.ts.

import { expect, test } from "vitest";
import { drained } from "../../../src/core/fleet/slices.ts";
import { etcdDatabase } from "../../../src/core/kv/etcd-database.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { storedKey, storedValue } from "../../../src/core/kv/stored-version.ts";
import { compact, del, grant, perform, put } from "./operations.ts";

const PAGE = 4_096;

function fileOf(space: KeySpace): Buffer {
  const file = drained(etcdDatabase(space.capture(), { appliedIndex: 7, term: 3 }));
  const bytes = Buffer.concat([...file.parts()]);
  expect(bytes.length).toBe(file.bytes);
  return bytes;
}

interface Element {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** All elements below a page, and the pages that they are in. */
function walk(file: Buffer, page: number, seen: Set<number>): Element[] {
  const at = page * PAGE;
  expect(seen.has(page)).toBe(false);
  expect(file.readBigUInt64LE(at)).toBe(BigInt(page));
  const [flags, count, overflow] = [
    file.readUInt16LE(at + 8),
    file.readUInt16LE(at + 10),
    file.readUInt32LE(at + 12),
  ];
  for (let each = 0; each <= overflow; each += 1) seen.add(page + each);
  return Array.from({ length: count }, (_, index) => at + 16 + 16 * index).flatMap((element) => {
    if (flags === 1) {
      const child = Number(file.readBigUInt64LE(element + 8));
      const start = element + file.readUInt32LE(element);
      const found = walk(file, child, seen);
      expect(found[0]?.key).toEqual(file.subarray(start, start + file.readUInt32LE(element + 4)));
      return found;
    }
    expect(flags).toBe(2);
    const start = element + file.readUInt32LE(element + 4);
    const end = start + file.readUInt32LE(element + 8);
    return [
      { key: file.subarray(start, end), value: file.subarray(end, end + file.readUInt32LE(element + 12)) },
    ];
  });
}

/** By name: the elements of each bucket. */
function bucketsOf(file: Buffer): Map<string, Element[]> {
  const seen = new Set([0, 1, 2]);
  const root = Number(file.readBigUInt64LE(PAGE + 16 + 16));
  const buckets = new Map<string, Element[]>();
  for (const { key, value } of walk(file, root, seen)) {
    const page = Number(value.readBigUInt64LE(0));
    buckets.set(key.toString(), page === 0 ? [] : walk(file, page, seen));
  }
  // Every page is in use: bbolt's check complains of any other.
  expect([...seen].sort((one, other) => one - other)).toEqual(
    Array.from({ length: file.length / PAGE }, (_, at) => at),
  );
  return buckets;
}

const versionsOf = (space: KeySpace) =>
  [...space.capture().versions.all()].map(({ kv, sub }) => ({
    key: Buffer.from(storedKey(kv, sub)),
    value: Buffer.from(storedValue(kv)),
  }));

test.each([
  { keys: 0, bytes: 0, why: "an empty key space" },
  { keys: 3, bytes: 10, why: "one leaf" },
  { keys: 500, bytes: 100, why: "leaves below one branch" },
  { keys: 1_500, bytes: 1_900, why: "branches below a branch" },
  { keys: 20, bytes: 20_000, why: "leaves with overflow" },
])("all versions are in the file's tree, in order: $why", ({ keys, bytes }) => {
  const space = new KeySpace();
  for (let at = 0; at < keys; at += 1) perform(space, put(`k/${at}`, "x".repeat(bytes)));
  const buckets = bucketsOf(fileOf(space));
  expect(buckets.get("key")).toEqual(versionsOf(space));
  expect([...buckets.keys()]).toEqual([
    ...["alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed"],
    "meta",
  ]);
});

test("leases are there in the order of their bytes, and a compaction with what it left", () => {
  const space = new KeySpace();
  for (const id of ["-1", "5", "9223372036854775807"]) perform(space, grant(id, 60));
  perform(space, put("a", "1"));
  perform(space, put("a", "2"));
  perform(space, del("a"));
  perform(space, put("b", "3"));
  perform(space, compact(space.currentRevision - 1));
  const buckets = bucketsOf(fileOf(space));
  expect(buckets.get("lease")?.map(({ key }) => key.readBigInt64BE())).toEqual([5n, 2n ** 63n - 1n, -1n]);
  expect(buckets.get("lease")?.[0]?.value).toEqual(Buffer.from([8, 5, 16, 60]));
  expect(buckets.get("key")?.map(({ key }) => Number(key.readBigUInt64BE()))).toEqual([
    space.currentRevision,
  ]);
  const meta = new Map(buckets.get("meta")?.map(({ key, value }) => [key.toString(), value]));
  expect(meta.get("consistent_index")?.readBigUInt64BE()).toBe(7n);
  expect(meta.get("term")?.readBigUInt64BE()).toBe(3n);
  expect(meta.get("finishedCompactRev")?.readBigUInt64BE()).toBe(BigInt(space.currentRevision - 1));
  expect(meta.get("scheduledCompactRev")).toEqual(meta.get("finishedCompactRev"));
});

test("very many leases are sorted once, in slices", () => {
  const COUNT = 20_000;
  let looked = 0;
  function* leases() {
    for (let at = 1; at <= COUNT; at += 1) {
      looked += 1;
      yield { id: String((at * 7_919) % 1_000_003), ttlSeconds: 60, grant: at, attachedAt: 0 };
    }
  }
  const view = { ...new KeySpace().capture(), leases: { [Symbol.iterator]: leases } };
  const steps = etcdDatabase(view, { appliedIndex: 7, term: 3 });
  steps.next();
  expect(looked).toBeLessThan(COUNT / 2);
  const bytes = Buffer.concat([...drained(steps).parts()]);
  expect(looked).toBe(COUNT);
  const ids =
    bucketsOf(bytes)
      .get("lease")
      ?.map(({ key }) => Number(key.readBigUInt64BE())) ?? [];
  expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other));
  expect(ids).toHaveLength(COUNT);
});
