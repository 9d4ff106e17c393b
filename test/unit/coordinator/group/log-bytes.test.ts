// Entries alone do not decide what of the log is in memory: ten thousand full batches of moves would be gigabytes.

import { afterEach, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { trailingFrom } from "../../../../src/core/coordinator/group/log-bytes.ts";
import { snapshotBytes, snapshotStretch } from "../../../../src/core/coordinator/group/snapshot-points.ts";
import { payloadBytesOf } from "../../../../src/core/raft/entry-size.ts";
import { MemoryLog } from "../../../../src/core/storage/memory.ts";
import { type Member, recordProbe, TestGroup } from "../group.ts";

let group: TestGroup | null = null;
afterEach(() => {
  group?.close();
  group = null;
});

test("the log in memory is bounded in bytes, however few the entries are", async () => {
  const limits = { snapshotEveryBytes: 3_000, trailingBytes: 1_000 };
  group = new TestGroup(3, 10_000, 3, limits);
  const leader = await group.leader();
  let most = 0;
  for (let number = 0; number < 200; number += 1) {
    const written = group.proposeNow(leader, recordProbe(number), 60_000);
    await group.run(1);
    expect((await written).ok).toBe(true);
    most = Math.max(most, ...group.members.map(logBytes));
  }
  const slack = 500;
  expect(most).toBeGreaterThan(limits.snapshotEveryBytes * 0.75);
  expect(most).toBeLessThan(limits.snapshotEveryBytes + limits.trailingBytes + slack);
  expect(Math.min(...group.members.map(({ driver }) => driver.snapshotIndex))).toBeGreaterThan(100);
});

test("a state of many times the limit is saved less often, and its log stays bounded", async () => {
  const limits = { snapshotEveryBytes: 100, trailingBytes: 100 };
  const saved = async (snapshotStretchMax: number) => {
    const single = new TestGroup(1, 10_000, 1, { ...limits, snapshotStretchMax });
    group = single;
    const leader = await single.leader();
    const snapshots = new Set<number>();
    let most = 0;
    for (let number = 0; number < 300; number += 1) {
      const written = single.proposeNow(leader, recordProbe(number), 60_000);
      await single.run(1);
      expect((await written).ok).toBe(true);
      snapshots.add(leader.driver.snapshotIndex);
      most = Math.max(most, logBytes(leader));
    }
    single.close();
    return { count: snapshots.size, most };
  };
  const [fixed, stretched] = [await saved(1), await saved(8)];
  expect(fixed.count).toBeGreaterThan(90);
  expect(stretched.count).toBeLessThan(60);
  expect(stretched.most).toBeLessThan(8 * limits.snapshotEveryBytes + limits.trailingBytes);
});

test.each([
  { newest: 0, stretch: 1 },
  { newest: 63, stretch: 1 },
  { newest: 64, stretch: 2 },
  { newest: 127, stretch: 2 },
  { newest: 128, stretch: 4 },
  { newest: 10_000, stretch: 8 },
])(
  "at 8 bytes a snapshot, one of $newest bytes makes the next ones $stretch times as far apart",
  (expected) => {
    expect(snapshotStretch(expected.newest, 8, 8)).toBe(expected.stretch);
  },
);

test.each([
  { bytesMax: 100, from: 0, keepsFrom: 0 },
  { bytesMax: 90, from: 0, keepsFrom: 1 },
  { bytesMax: 70, from: 0, keepsFrom: 2 },
  { bytesMax: 39, from: 0, keepsFrom: 4 },
  { bytesMax: 90, from: 3, keepsFrom: 3 },
])("of 10, 20, 30 and 40 bytes behind $from, $bytesMax stay behind $keepsFrom", (expected) => {
  const { from, bytesMax, keepsFrom } = expected;
  expect(trailingFrom(logOf([10, 20, 30, 40]), logIndex(from), logIndex(4), bytesMax)).toBe(keepsFrom);
});

test("replicas make snapshots for their bytes at different ones, within a quarter", () => {
  const bytes = [1, 2, 3, 4, 5].map((id) => snapshotBytes(nodeId(id), 1_000));
  expect(new Set(bytes).size).toBe(5);
  expect(Math.min(...bytes)).toBeGreaterThanOrEqual(750);
  expect(Math.max(...bytes)).toBeLessThan(1_000);
});

function logBytes({ storage }: Member): number {
  const log = storage.reader(FLEET_GROUP);
  const entries = log.entries(log.firstIndex(), logIndex(log.lastIndex() + 1), Number.MAX_SAFE_INTEGER);
  return typeof entries === "string" ? 0 : payloadBytesOf(entries);
}

function logOf(sizes: readonly number[]): MemoryLog {
  const log = new MemoryLog();
  log.append(
    sizes.map((size, at) => ({
      index: logIndex(at + 1),
      term: term(1),
      type: "normal" as const,
      data: new Uint8Array(size),
    })),
  );
  return log;
}
