// History that is kept by window and by count, without a request to compact it.

import { expect, test } from "vitest";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { compact, del, grant, listed, opPut, outcome, perform, put, revoke, txn } from "./operations.ts";

const MINUTE = 60_000;

function keeping(windowMs: number, revisionsMax: number): KeySpace {
  const space = new KeySpace();
  perform(space, { $case: "retention", value: { windowMs, revisionsMax } });
  return space;
}

/** A write of the same key each second, from a second to another. */
function writeEachSecond(space: KeySpace, from: number, to: number): unknown[] {
  const outcomes: unknown[] = [];
  for (let second = from; second <= to; second += 1) {
    outcomes.push(outcome(perform(space, put("a", String(second)), second * 1_000)));
  }
  return outcomes;
}

test("without a rule nothing is dropped", () => {
  const space = new KeySpace();
  writeEachSecond(space, 0, 5_000);
  expect(space.compactRevision).toBe(-1);
  expect(listed(space, "a", { revision: 2 })).toHaveLength(1);
});

test("what was current during the window can be read, and not much more is kept", () => {
  const space = keeping(MINUTE, 0);
  for (let second = 0; second <= 600; second += 1) {
    writeEachSecond(space, second, second);
    // Second s has revision s + 2. A minute ago the version of that second was current.
    const minuteAgo = Math.max(2, second - 60 + 2);
    expect(listed(space, "a", { revision: minuteAgo })).toHaveLength(1);
    if (second > 70) expect(listed(space, "a", { revision: minuteAgo - 5 })).toBe("compacted");
  }
});

test("without a window the count alone decides", () => {
  const space = keeping(0, 100);
  writeEachSecond(space, 0, 999);
  const kept = space.currentRevision - space.compactRevision;
  expect(kept).toBeGreaterThanOrEqual(89);
  expect(kept).toBeLessThanOrEqual(101);
});

test("where the count can't hold, writes are refused until the window has passed, and nothing in it is dropped", () => {
  const space = keeping(MINUTE, 30);
  const outcomes = writeEachSecond(space, 0, 40);
  expect(outcomes.filter((each) => each === "history-full")).toHaveLength(11);
  expect(listed(space, "a", { revision: 2 })).toHaveLength(1);
  for (const operation of [del("a"), txn([], [opPut("b")])]) {
    expect(outcome(perform(space, operation, 40_000))).toBe("history-full");
  }
  expect(outcome(perform(space, txn([]), 40_000))).toMatchObject({ succeeded: true });
  const later = writeEachSecond(space, 90, 90);
  expect(later).toEqual([expect.objectContaining({ header: expect.anything() })]);
  expect(space.compactRevision).toBeGreaterThan(1);
});

test("a rule that the history is too long for drops what is older than the rule, and refuses no write", () => {
  const space = new KeySpace();
  writeEachSecond(space, 0, 99);
  perform(space, { $case: "retention", value: { windowMs: MINUTE, revisionsMax: 30 } }, 100_000);
  const since = space.currentRevision;
  const outcomes = writeEachSecond(space, 101, 140);
  expect(outcomes.filter((each) => each === "history-full")).toHaveLength(10);
  expect(outcomes.slice(0, 30)).not.toContain("history-full");
  expect(space.compactRevision).toBe(since);
  expect(listed(space, "a", { revision: since })).toHaveLength(1);
});

test("a rule that is gone for a moment has promised what it promised before", () => {
  const space = keeping(MINUTE, 0);
  writeEachSecond(space, 0, 100);
  perform(space, { $case: "retention", value: { windowMs: 0, revisionsMax: 0 } }, 100_000);
  perform(space, { $case: "retention", value: { windowMs: MINUTE, revisionsMax: 30 } }, 100_000);
  expect(outcome(perform(space, put("a"), 101_000))).toBe("history-full");
  expect(listed(space, "a", { revision: 45 })).toHaveLength(1);
});

test("leases still end when writes are refused, and a client may still compact", () => {
  const space = keeping(MINUTE, 2);
  perform(space, grant("7", 60));
  perform(space, put("a", "", { lease: "7" }));
  perform(space, put("b"));
  expect(outcome(perform(space, put("c")))).toBe("history-full");
  expect(perform(space, revoke("7")).revision).toBe(4);
  perform(space, compact(4));
  expect(perform(space, put("c")).revision).toBe(5);
});

test("a clock that goes back drops nothing earlier", () => {
  const space = keeping(MINUTE, 0);
  writeEachSecond(space, 100, 110);
  const { compactRevision } = space;
  writeEachSecond(space, 0, 59);
  expect(space.compactRevision).toBe(compactRevision);
});

test("rules and times survive a snapshot", () => {
  const space = keeping(MINUTE, 1_000);
  writeEachSecond(space, 0, 45);
  const reader = new KeySpaceReader();
  for (const part of encodeKeySpace(space.capture())) reader.add(part);
  const restored = reader.finish();
  if (!restored.ok) throw new Error(restored.message);
  for (const each of [space, restored.keySpace]) writeEachSecond(each, 46, 150);
  expect(restored.keySpace.compactRevision).toBe(space.compactRevision);
  expect(restored.keySpace.digest).toBe(space.digest);
  expect(space.compactRevision).toBeGreaterThan(60);
});
