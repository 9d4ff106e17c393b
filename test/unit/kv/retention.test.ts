// History that is kept by window and by count, without a request to compact it.

import { expect, test } from "vitest";
import { encodeKeyCommand, type KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { encodeKeySpace, KeySpaceReader } from "../../../src/core/kv/snapshot.ts";
import { KeyCommand, KeySpaceSnapshot } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { compact, del, grant, listed, opPut, outcome, perform, put, revoke, txn } from "./operations.ts";

const MINUTE = 60_000;

function keeping(windowMs: number, revisionsMax: number): KeySpace {
  const space = new KeySpace();
  perform(space, { $case: "retention", value: { windowMs, revisionsMax, changeNumber: 0 } });
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

test("a history of just as many revisions as the limit is kept whole", () => {
  const space = keeping(0, 10);
  writeEachSecond(space, 0, 10);
  expect([space.currentRevision, space.compactRevision]).toEqual([12, -1]);
  perform(space, put("a"));
  expect([space.currentRevision, space.compactRevision]).toEqual([13, 3]);
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
  perform(
    space,
    { $case: "retention", value: { windowMs: MINUTE, revisionsMax: 30, changeNumber: 0 } },
    100_000,
  );
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
  perform(space, { $case: "retention", value: { windowMs: 0, revisionsMax: 0, changeNumber: 0 } }, 100_000);
  perform(
    space,
    { $case: "retention", value: { windowMs: MINUTE, revisionsMax: 30, changeNumber: 0 } },
    100_000,
  );
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
  expect(space.timeMs).toBe(110_000);
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

const rule = (windowMs: number, changeNumber: number) =>
  ({ $case: "retention", value: { windowMs, revisionsMax: 0, changeNumber } }) as const;

test("a rule drops what it does not keep at once, and not with the next write", () => {
  const space = new KeySpace();
  writeEachSecond(space, 0, 99);
  perform(space, { $case: "retention", value: { windowMs: 0, revisionsMax: 10, changeNumber: 0 } });
  expect(space.compactRevision).toBe(space.currentRevision - 9);
});

test("a rule that was proposed before another one was applied changes nothing (ADR-0072)", () => {
  const space = new KeySpace();
  perform(space, rule(1_000, 1));
  perform(space, rule(2_000, 2));
  expect(outcome(perform(space, rule(1_500, 1)))).toBe("retention-changed");
  expect(outcome(perform(space, rule(1_500, 2)))).toBe("retention-changed");
  expect(outcome(perform(space, rule(1_500, 4)))).toBe("retention-changed");
  expect([space.retention.windowMs, space.retentionChanges]).toEqual([2_000, 2]);
});

test("rules of earlier builds have no number: they count as ever until the first that has one", () => {
  const space = new KeySpace();
  perform(space, rule(1_000, 0));
  perform(space, rule(2_000, 0));
  expect(space.retention.windowMs).toBe(2_000);
  perform(space, rule(3_000, 1));
  expect(outcome(perform(space, rule(1_000, 0)))).toBe("retention-changed");
  expect(space.retention.windowMs).toBe(3_000);
});

test("builds that know no numbers stop at them, and at snapshots that have them", () => {
  const formatOf = (kind: KeyOperationKind) =>
    KeyCommand.decode(encodeKeyCommand({ atMs: 0, operations: [{ kind, leasesSeenAt: 0 }] })).format;
  expect([put("a"), rule(1_000, 0), rule(1_000, 1)].map(formatOf)).toEqual([2, 2, 3]);
  const space = new KeySpace();
  const snapshot = () => Buffer.concat([...encodeKeySpace(space.capture())]);
  perform(space, rule(1_000, 0));
  expect(KeySpaceSnapshot.decode(snapshot()).format).toBe(2);
  perform(space, rule(2_000, 1));
  expect(KeySpaceSnapshot.decode(snapshot()).format).toBe(3);
  const reader = new KeySpaceReader();
  expect(reader.add(snapshot())).toBeNull();
  const restored = reader.finish();
  if (!restored.ok) throw new Error(restored.message);
  for (const each of [space, restored.keySpace]) {
    expect(outcome(perform(each, rule(9_000, 1)))).toBe("retention-changed");
    perform(each, rule(4_000, 2));
  }
  expect(restored.keySpace.digest).toBe(space.digest);
});
