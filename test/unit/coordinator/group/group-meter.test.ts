import { expect, test } from "vitest";
import { type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { GroupMeter } from "../../../../src/core/coordinator/group/group-meter.ts";
import { registerShard, TestGroup } from "../group.ts";

const NOBODY = 0 as NodeId;

const meterThatSaw = (...seen: readonly (readonly [leader: number, term: number])[]): GroupMeter => {
  const meter = new GroupMeter(() => 0);
  for (const [leader, at] of seen) meter.saw(leader === 0 ? NOBODY : nodeId(leader), term(at));
  return meter;
};

test.each([
  { seen: [[1, 4]], changes: 0, elections: 0, why: "the first leader that a process meets is no change" },
  {
    seen: [
      [0, 2],
      [0, 3],
      [1, 40],
    ],
    changes: 0,
    elections: 0,
    why: "what was before the first leader is history",
  },
  {
    seen: [
      [1, 4],
      [0, 4],
      [1, 4],
    ],
    changes: 0,
    elections: 0,
    why: "the same reign, lost from sight",
  },
  {
    seen: [
      [1, 4],
      [0, 4],
      [2, 5],
    ],
    changes: 1,
    elections: 1,
    why: "another leader",
  },
  {
    seen: [
      [1, 4],
      [0, 5],
      [1, 5],
    ],
    changes: 1,
    elections: 1,
    why: "the same one, elected again",
  },
  {
    seen: [
      [1, 4],
      [0, 6],
      [0, 7],
    ],
    changes: 0,
    elections: 3,
    why: "elections that nobody won",
  },
] as const)("$why: $changes changes, $elections elections", ({ seen, changes, elections }) => {
  const meter = meterThatSaw(...seen);
  expect([meter.leaderChanges, meter.elections]).toEqual([changes, elections]);
});

test("batches and snapshots are timed by the given clock", () => {
  let nowMs = 10;
  const meter = new GroupMeter(() => nowMs);
  meter.timeApply(() => {
    nowMs += 3;
  });
  const saved = meter.beginSnapshot();
  nowMs += 40;
  saved();
  expect([meter.apply.sum, meter.snapshotSave.sum]).toEqual([3, 40]);
});

test("a group's drivers count what became of the writes that came to them", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  const follower = group.members.find((member) => member !== leader) ?? leader;
  await group.propose(leader, registerShard("s1"));
  await group.run(3);
  await group.propose(follower, registerShard("s2"));
  group.network.isolate(leader.id);
  await group.propose(leader, registerShard("s3"), 1_000);
  expect(leader.driver.proposals).toEqual({ accepted: 1, failed: 1, refused: 0, pending: 0 });
  expect(follower.driver.proposals).toEqual({ accepted: 0, failed: 0, refused: 1, pending: 0 });
  expect(follower.driver.meter.apply.count).toBeGreaterThan(0);
  await group.run(30);
  await group.leader();
  expect(follower.driver.meter.leaderChanges).toBe(1);
  await group.close();
});
