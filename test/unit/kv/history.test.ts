// The history over many segments: ten thousands of versions against plain maps, through compactions.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { History } from "../../../src/core/kv/history.ts";
import { bytes, text } from "./operations.ts";

const EVERYTHING = { from: bytes("\0"), to: null };

/** Each step is a revision with one put or deletion. Now and then it compacts, and sweeps in passing. */
function run(
  seed: number,
  steps: number,
  keys: number,
): { history: History; now: Map<string, string>; floor: number } {
  const random = new SeededPrng(seed);
  const history = new History();
  const now = new Map<string, string>();
  let floor = 0;
  for (let revision = 2; revision < steps + 2; revision += 1) {
    const key = `key-${random.below(keys)}`;
    const isDeletion = now.has(key) && random.below(5) === 0;
    if (isDeletion) now.delete(key);
    else now.set(key, `value of ${revision}`);
    const kv = { key: bytes(key), modRevision: revision, version: 1, lease: "0" };
    const rest = { createRevision: isDeletion ? 0 : revision, value: bytes(now.get(key) ?? "") };
    history.append({ ...kv, ...rest }, 0);
    if (random.below(steps / 20) === 0) {
      floor = revision;
      history.compact(revision);
    }
    history.sweep();
  }
  return { history, now, floor };
}

test.each([
  { keys: 50, why: "hot keys: whole segments go" },
  { keys: 5_000, why: "segments with a few survivors are joined" },
  { keys: 100_000, why: "most keys are written once" },
])("$keys keys: $why", ({ keys }) => {
  const { history, now, floor } = run(7, 25_000, keys);
  const last = 25_001;
  const { kvs, count } = history.collect(EVERYTHING, last, Number.POSITIVE_INFINITY);
  expect(count).toBe(now.size);
  expect(kvs.map((kv) => [text(kv.key), text(kv.value)])).toEqual(
    [...now].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  for (const [key, value] of [...now].slice(0, 500)) {
    expect(text(history.at(bytes(key), last)?.value ?? bytes("none"))).toBe(value);
  }
  // A pass over all versions meets each key's newest one, and no version that was over before the last compaction.
  const seen = new Map<string, string>();
  for (const { kv, endedAt } of history.capture().all()) {
    expect(endedAt).toBeGreaterThan(floor);
    if (endedAt === Number.POSITIVE_INFINITY && kv.createRevision > 0) seen.set(text(kv.key), text(kv.value));
  }
  expect(seen.size).toBe(now.size);
});

test("what compactions drop is freed", () => {
  const { history } = run(3, 25_000, 100);
  history.compact(25_001);
  for (let at = 0; at < 100; at += 1) history.sweep();
  // A hundred keys, and the segment that is being filled.
  expect(history.storedVersions).toBeLessThan(100 + 4_096);
  expect([...history.capture().all()].length).toBeLessThanOrEqual(101);
});

test.each([10, 127, 128, 300])("keys that differ behind %i equal bytes are found, in order", (length) => {
  const history = new History();
  const keys = Array.from(
    { length: 200 },
    (_, at) => `${"k".repeat(length)}${String((at * 7) % 200).padStart(3, "0")}`,
  );
  keys.push("k".repeat(length), "k".repeat(length + 4));
  for (const [at, key] of keys.entries()) {
    const rest = { createRevision: at + 2, version: 1, lease: "0", value: bytes(key) };
    history.append({ key: bytes(key), modRevision: at + 2, ...rest }, 0);
  }
  const { kvs } = history.collect(EVERYTHING, 1_000, Number.POSITIVE_INFINITY);
  expect(kvs.map(({ key }) => text(key))).toEqual([...keys].sort());
  for (const key of keys) expect(text(history.at(bytes(key), 1_000)?.value ?? bytes(""))).toBe(key);
});
