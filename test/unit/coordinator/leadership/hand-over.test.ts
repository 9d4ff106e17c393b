import { expect, test } from "vitest";
import { FLEET_GROUP, nodeId } from "../../../../src/core/base/ids.ts";
import { activeSuccessor } from "../../../../src/core/coordinator/leadership/best-successor.ts";
import { Replica } from "../../../../src/core/coordinator/membership/replica.ts";
import { TestGroup } from "../group.ts";

test("the successor is an active voter that holds most of the log, never the leader itself", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.run(2);
  const successor = activeSuccessor(leader.driver.status(), FLEET_GROUP, () => true);
  expect(successor).not.toBeNull();
  expect(successor).not.toBe(leader.id);
  group.close();
});

test("a replica without others has no successor", async () => {
  const group = new TestGroup(1);
  const leader = await group.leader();
  expect(leader.id).toBe(nodeId(1));
  expect(activeSuccessor(leader.driver.status(), FLEET_GROUP, () => true)).toBeNull();
  group.close();
});

test("a leader that is unfit asks one after the other to take over, until one does", () => {
  const asked: number[] = [];
  const [self, ...others] = [1, 2, 3].map((id) => nodeId(id));
  const raft = {
    ...{ id: self, role: "leader", leadTransferee: 0, lastIndex: 9, config: { voters: [self, ...others] } },
    progress: new Map(others.map((id) => [id, { match: 9, isRecentlyActive: true }])),
  };
  const driver = { status: () => raft, transferLeader: (to: number) => asked.push(to) };
  const actions: (() => unknown)[] = [];
  new Replica({
    ...{ self, rejoin: null, driver, disk: { isFull: true }, host: { add: () => undefined } },
    timers: {
      every: (_: number, action: () => unknown) => actions.push(action),
      after: () => () => undefined,
    },
  } as never);
  const [handOver] = actions;
  for (let look = 0; look < 4; look += 1) handOver?.();
  // Both, then a pause, then from the start.
  expect(asked).toEqual([2, 3, 2]);
  raft.leadTransferee = 2;
  handOver?.();
  expect(asked).toEqual([2, 3, 2]);
});
