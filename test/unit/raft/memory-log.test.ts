// The in-memory log that the core is tested with, and that the disk log reads from.

import { describe, expect, test } from "vitest";
import { logIndex, term } from "../../../src/core/base/ids.ts";
import { MemoryLog } from "../../../src/core/storage/memory.ts";
import { bytes, confState, entriesOf, entry } from "./network.ts";

const snapshotAt = (index: number) => ({
  index: logIndex(index),
  term: term(1),
  confState: confState([1]),
  data: bytes(""),
});

function logWith(terms: readonly number[]): MemoryLog {
  const log = new MemoryLog();
  log.append(entriesOf(terms));
  return log;
}

const termsOf = (log: MemoryLog) => {
  const entries = log.entries(log.firstIndex(), logIndex(log.lastIndex() + 1), Number.MAX_SAFE_INTEGER);
  return typeof entries === "string" ? entries : entries.map((each) => each.term);
};

test.each([
  { at: 3, terms: [1, 1, 2], why: "after the last" },
  { at: 2, terms: [1, 2], why: "in place of the second" },
  { at: 1, terms: [2], why: "in place of all" },
])("an append at $at, $why", ({ at, terms }) => {
  const log = logWith([1, 1]);
  log.append([entry(2, at)]);
  expect(termsOf(log)).toEqual(terms);
});

test("an append that leaves a gap is a bug", () => {
  expect(() => logWith([1]).append([entry(1, 3)])).toThrow(/gap/);
});

describe("a compacted log", () => {
  test("still knows the term before its first entry, and nothing before that", () => {
    const log = logWith([1, 2, 3]);
    expect(log.compact(logIndex(2))).toBe(true);
    expect([log.firstIndex(), log.lastIndex()]).toEqual([3, 3]);
    expect([0, 1, 2, 3, 4].map((index) => log.term(logIndex(index)))).toEqual([
      "compacted",
      "compacted",
      2,
      3,
      "unavailable",
    ]);
    expect(log.entries(logIndex(2), logIndex(4), 1)).toBe("compacted");
  });

  test("is not compacted again", () => {
    const log = logWith([1, 2, 3]);
    log.compact(logIndex(2));
    expect(log.compact(logIndex(2))).toBe(false);
  });

  test("skips the compacted part of an append", () => {
    const log = logWith([1, 1, 1]);
    log.compact(logIndex(2));
    log.append([entry(1, 2), entry(1, 3), entry(2, 4)]);
    expect(termsOf(log)).toEqual([1, 2]);
  });
});

test("a received snapshot replaces everything, an older one nothing", () => {
  const log = logWith([1, 1]);
  expect(log.applySnapshot(snapshotAt(9))).toBe(true);
  expect([log.firstIndex(), log.lastIndex(), log.term(logIndex(9))]).toEqual([10, 9, 1]);
  expect(log.applySnapshot(snapshotAt(9))).toBe(false);
});

test("a local snapshot leaves the entries", () => {
  const log = logWith([1, 1]);
  log.setSnapshot(snapshotAt(2));
  expect([log.firstIndex(), log.lastIndex(), log.snapshot()]).toEqual([1, 2, snapshotAt(2)]);
});

test("a snapshot whose data are elsewhere is unavailable until they are brought, and asks for them each time", () => {
  const log = logWith([1, 1]);
  let asked = 0;
  const { data, ...head } = snapshotAt(2);
  log.evictSnapshot(head, () => {
    asked += 1;
  });
  expect([log.snapshot(), log.snapshot(), asked]).toEqual(["unavailable", "unavailable", 2]);
  log.bringSnapshot(logIndex(1), data);
  expect(log.snapshot()).toBe("unavailable");
  log.bringSnapshot(logIndex(2), data);
  expect([log.snapshot(), log.snapshotHead, asked]).toEqual([snapshotAt(2), head, 3]);
});

test.each([
  { bytesMax: 1, count: 1, why: "at least one" },
  { bytesMax: 23, count: 2, why: "what fits" },
  { bytesMax: 10_000, count: 3, why: "all" },
])("entries within $bytesMax bytes: $count, $why", ({ bytesMax, count }) => {
  expect(logWith([1, 1, 1]).entries(logIndex(1), logIndex(4), bytesMax)).toHaveLength(count);
});
