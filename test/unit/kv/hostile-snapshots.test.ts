// Snapshots as a hostile member may offer them, with a hash that fits. What the check accepts is installed, and restored
// at each start: so it can be restored, and commands can be applied to it. Otherwise a replica would never start again.

import { expect, test } from "vitest";
import { encodeMessage } from "../../../src/core/base/encode-message.ts";
import { MessageSlices } from "../../../src/core/base/message-slices.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { addLanes, NO_LANES } from "../../../src/core/fleet/tables/row-hash.ts";
import { hashLease, hashVersion } from "../../../src/core/kv/digest.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { LEASES_MAX } from "../../../src/core/kv/leases.ts";
import { encodeKeySpace, KeySpaceCheck, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { KeySpaceSnapshot } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { compact, del, grant, perform, put, revoke } from "./operations.ts";

const SEEDS = 1_500;
const rule = { $case: "retention", value: { windowMs: 60_000, revisionsMax: 50, changeNumber: 1 } } as const;

function example(): KeySpaceSnapshot {
  const space = new KeySpace();
  perform(space, rule);
  for (const id of ["7", "-9", "12"]) perform(space, grant(id, 60));
  for (const value of ["1", "2", "3"]) perform(space, put("a", value), Number(value) * 10_000);
  perform(space, put("b", "leased", { lease: "7" }));
  perform(space, put("c", "leased", { lease: "-9" }));
  perform(space, put("c", "no more"));
  perform(space, del("a"));
  perform(space, put("d", "leased", { lease: "12" }));
  perform(space, revoke("12"));
  return KeySpaceSnapshot.decode(Buffer.concat([...encodeKeySpace(space.capture())]));
}

/** With the hash that its rows have. */
function encoded(snapshot: KeySpaceSnapshot): Uint8Array {
  const { leases, records } = snapshot;
  const rows = [
    ...leases.map(hashLease),
    ...records.map(({ revision, subRevision, ...kv }) =>
      hashVersion({ ...kv, modRevision: revision }, subRevision),
    ),
  ];
  const { low: hashLow, high: hashHigh } = rows.reduce(addLanes, NO_LANES);
  return encodeMessage(KeySpaceSnapshot.encode, {
    ...snapshot,
    end: { rows: rows.length, hashLow, hashHigh },
  });
}

/** "refused", or that all commands can be applied to what was restored. */
function offer(bytes: Uint8Array): "refused" | "works" {
  const check = new KeySpaceCheck();
  if ((check.add(bytes) ?? check.finish()) !== null) return "refused";
  const reader = new KeySpaceReader();
  for (let at = 0; at < bytes.length; at += 11) {
    const wrong = reader.add(bytes.subarray(at, at + 11));
    if (wrong !== null) throw new Error(wrong.message);
  }
  const restored = reader.finish();
  if (!restored.ok) throw new Error(restored.message);
  const space = restored.keySpace;
  const { changes } = space.capture().retention;
  for (const atMs of [0, 40_000, 10_000_000]) {
    for (const key of ["a", "b", "c", "d"]) perform(space, put(key, "later", { lease: "0" }), atMs);
    perform(space, { ...rule, value: { ...rule.value, changeNumber: changes + 1 } }, atMs);
    perform(space, grant("99", 60), atMs);
    perform(space, put("b", "x", { lease: "99" }), atMs);
    for (const { id } of [...space.leases.all()]) perform(space, revoke(id), atMs);
    perform(space, compact(space.currentRevision - 1), atMs);
    perform(space, del("\0", "\0"), atMs);
  }
  const again = new KeySpaceCheck();
  for (const part of encodeKeySpace(space.capture())) {
    const wrong = again.add(part);
    if (wrong !== null) throw new Error(`then: ${wrong.message}`);
  }
  expect(again.finish()).toBeNull();
  return "works";
}

const NUMBERS = [0, 1, 2, 3, 8, 60_000, 2 ** 32, 2 ** 51, 2 ** 52 + 1, 2 ** 53 - 1];

/** Digests, and what has 32 bits. */
const WORDS = new Set(["digestLow", "digestHigh", "subRevision"]);

/** One or two changes of anything. */
function mutate(snapshot: KeySpaceSnapshot, random: SeededPrng): void {
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)] as Item;
  const { head, leases, records } = snapshot;
  const inOneOf = (rows: object[]) => {
    const row = pick(rows) as Record<string, unknown>;
    if (row === undefined) return;
    const field = pick(Object.keys(row));
    if (typeof row[field] === "number" && !WORDS.has(field))
      row[field] = pick([...NUMBERS, (row[field] as number) + 1]);
    else if (typeof row[field] === "string") row[field] = pick(["0", "7", "-9", "12", String(-(2n ** 63n))]);
    else if (row[field] instanceof Uint8Array) row[field] = Buffer.from(pick(["", "a", "b", "c", "x"]));
  };
  const rows = pick<object[]>([leases, records, records]);
  const at = random.below(Math.max(1, rows.length));
  switch (random.below(6)) {
    case 0:
      rows.splice(at, 1);
      break;
    case 1:
      rows.splice(random.below(rows.length + 1), 0, { ...rows[at] });
      break;
    case 2:
      rows.push(...rows.splice(at, 1));
      break;
    case 3:
      inOneOf([head as object]);
      break;
    case 4:
      inOneOf([...(head?.times ?? []), head?.retention as object]);
      break;
    default:
      inOneOf(rows);
  }
}

test("whatever passes the check can be restored, and goes on", () => {
  const counts = { refused: 0, works: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededPrng(seed);
    const snapshot = example();
    for (let change = 0; change <= random.below(2); change += 1) mutate(snapshot, random);
    try {
      counts[offer(encoded(snapshot))] += 1;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(counts.works, "some changes are harmless").toBeGreaterThan(SEEDS / 20);
  expect(counts.refused).toBeGreaterThan(SEEDS / 4);
});

test("an unchanged one works", () => {
  expect(offer(encoded(example()))).toBe("works");
});

const whole = () => Buffer.from(encoded(example()));
const only = (part: Partial<KeySpaceSnapshot>) =>
  Buffer.from(
    encodeMessage(KeySpaceSnapshot.encode, {
      ...{ format: 0, head: undefined, leases: [], records: [], end: undefined },
      ...part,
    }),
  );

test.each<[string, () => Buffer]>([
  [
    "a second head, of which another part of the bytes would be the last",
    () => Buffer.concat([only({ head: example().head }), whole()]),
  ],
  ["a second end", () => Buffer.concat([whole(), whole().subarray(-only({ end: example().end }).length)])],
  ["rows before the head", () => Buffer.concat([only({ leases: example().leases }), whole()])],
  ["a truncated one", () => whole().subarray(0, -3)],
  [
    "a field of 64 GB",
    () => Buffer.concat([whole(), Buffer.from([0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])]),
  ],
  ["a format of tomorrow", () => Buffer.concat([only({ format: 99 }), whole().subarray(2)])],
])("%s is refused", (_, bytes) => {
  for (const slice of [1, 7, 100_000]) {
    const check = new KeySpaceCheck();
    const all = bytes();
    let wrong = null;
    for (let at = 0; at < all.length && wrong === null; at += slice)
      wrong = check.add(all.subarray(at, at + slice));
    expect(wrong ?? check.finish()).toMatchObject({ ok: false });
  }
});

test("more leases than twice the limit are refused before they fill the memory", () => {
  const check = new KeySpaceCheck();
  const { head } = example();
  check.add(only({ format: 2, head: { ...head, grants: 2 ** 40 } as never }));
  const lease = { ttlSeconds: 60, attachedAt: 0 };
  let wrong = null;
  let count = 0;
  for (; wrong === null && count < 10 * LEASES_MAX; count += 1_000) {
    const leases = Array.from({ length: 1_000 }, (_, at) => ({
      ...lease,
      id: String(count + at + 1),
      grant: count + at + 1,
    }));
    wrong = check.add(only({ leases }));
  }
  expect(wrong).toMatchObject({ reason: "malformed" });
  expect(count).toBeLessThanOrEqual(2 * LEASES_MAX + 1_000);
});

test("a large field in small parts costs its bytes, not their square", () => {
  const field = Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x02]), Buffer.alloc(4 * 1024 * 1024)]);
  const slices = new MessageSlices((bytes) => bytes.length);
  let decoded = 0;
  for (let at = 0; at < field.length; at += 64) decoded += slices.add(field.subarray(at, at + 64)) as number;
  expect([decoded, slices.isWhole]).toEqual([field.length, true]);
});
