// The members as the leader shows them: also in how many groups beside the fleet's own one lacks its wanted role.

import { afterEach, expect, test } from "vitest";
import { groupId, type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { membersList } from "../../../../src/core/coordinator/membership/members.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { ListRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { TestGroup } from "../group.ts";
import { adminOf, ledGroup } from "../service-context.ts";

let group: TestGroup | null = null;
afterEach(() => group?.close());

const groupWith = (config: { voters: NodeId[]; learners?: NodeId[] }) => ({
  driver: { status: () => ({ config: { learners: [], votersOutgoing: [], learnersNext: [], ...config } }) },
});

test("a group in which a voter only learns, or is not yet, counts for it", async () => {
  const { group: led, leader, context } = await ledGroup(3);
  group = led;
  const [n1, n2, n3] = [1, 2, 3].map(nodeId) as [NodeId, NodeId, NodeId];
  const founding = [1, 2, 3].map((id) => ({ nodeId: id, name: `n${id}`, address: `127.0.0.1:${id}` }));
  await led.propose(leader, {
    kind: {
      $case: "foundMembers",
      value: {
        members: founding.map((each) => ({ ...each, wanted: MemberKind.VOTER, version: 0, sinceMs: 0 })),
      },
    },
  });
  const groups = new Map([
    [groupId(1), groupWith({ voters: [n1, n2, n3] })],
    [groupId(2), groupWith({ voters: [n1, n2], learners: [n3] })],
    [groupId(3), groupWith({ voters: [n1] })],
  ]) as unknown as ServiceContext["groups"];
  const { members, clusterVersion } = await led.until(
    membersList({ ...context, groups }, ListRequest.create(), adminOf(led)),
  );
  expect(members.map(({ member, groupsBehind }) => [member?.name, groupsBehind])).toEqual([
    ["n1", 0],
    ["n2", 1],
    ["n3", 2],
  ]);
  expect(clusterVersion, "which an upgrade has not raised yet").toBe(leader.machine.view.clusterVersion);
  expect(clusterVersion).toBeGreaterThan(0);
});
