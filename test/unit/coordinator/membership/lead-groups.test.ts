// A leader whose state of a group is wrong hands that group over (ADR-0070). It tries one voter after another,
// because a successor may be unfit, too. It never tries one whose state is known to be wrong.

import { expect, test } from "vitest";
import { type GroupId, groupId, logIndex, type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../../src/core/base/only-voters.ts";
import {
  LeadGroups,
  type LeadGroupsOptions,
} from "../../../../src/core/coordinator/membership/lead-groups.ts";
import type { OpenGroup } from "../../../../src/core/coordinator/membership/open-groups.ts";
import type { RaftStatus } from "../../../../src/core/raft/status.ts";
import { Replica } from "../../fleet/replica.ts";

const KEYS = groupId(1);
const VOTERS = [1, 2, 3, 4].map(nodeId);
const config = onlyVoters(VOTERS);

function leading(unfit: readonly NodeId[] = []) {
  const trust = { isFenced: false };
  const asked: NodeId[] = [];
  const progress = new Map(VOTERS.map((id) => [id, { match: 10 - id, isRecentlyActive: true }]));
  const raft = { id: nodeId(1), leadTransferee: 0, config, progress } as unknown as RaftStatus;
  const driver = {
    ...{ role: "leader", leader: nodeId(1), configurationIndex: logIndex(1) },
    status: () => raft,
    transferLeader: (to: NodeId) => asked.push(to),
  };
  const groups = new Map([[KEYS, { group: KEYS, driver }]]) as unknown as ReadonlyMap<GroupId, OpenGroup>;
  const { state } = new Replica();
  let look: () => void = () => undefined;
  const options: LeadGroupsOptions = {
    ...{ self: nodeId(1), groups: () => groups, answers: () => true },
    fleet: {
      view: () => state,
      raft,
      isRestoring: () => false,
      configurationIndex: () => logIndex(1),
    },
    disk: { isFull: false, isSlow: false, reports: () => new Map() },
    timers: {
      after: () => () => undefined,
      every: (_ms, action) => {
        look = action;
        return () => undefined;
      },
    },
    comparing: (group) => (group === KEYS ? { trust, isFit: (peer) => !unfit.includes(peer) } : undefined),
  };
  new LeadGroups(options);
  return { trust, asked, look: () => look() };
}

test("with a state that is trusted it keeps leading", () => {
  const { look, asked } = leading();
  look();
  expect(asked).toEqual([]);
});

test("fenced, it asks each other voter in turn, and then all again", () => {
  const { trust, look, asked } = leading();
  trust.isFenced = true;
  for (let times = 0; times < 5; times += 1) look();
  expect(asked).toEqual([2, 3, 4, 2]);
});

test("a voter whose state is known to be wrong is not asked", () => {
  const { trust, look, asked } = leading([nodeId(2), nodeId(4)]);
  trust.isFenced = true;
  look();
  expect(asked).toEqual([3]);
});
