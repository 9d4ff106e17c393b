import { expect, test } from "vitest";
import { groupId, nodeId } from "../../../../src/core/base/ids.ts";
import { campaignRank, sliceDelayMs } from "../../../../src/core/coordinator/host/campaign-order.ts";

const voters = [nodeId(5), nodeId(1), nodeId(3)];

test("in every group each voter has a rank of its own, and over groups all are first equally often", () => {
  const firsts = new Map<number, number>();
  for (let group = 0; group < 300; group += 1) {
    const ranks = voters.map((voter) => campaignRank(voters, groupId(group), voter));
    expect(ranks.toSorted()).toEqual([0, 1, 2]);
    const first = voters[ranks.indexOf(0)] ?? 0;
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  expect([...firsts.values()]).toEqual([100, 100, 100]);
});

test("in the fleet's own group the lowest id is first, as failover drills expect it", () => {
  expect(voters.map((voter) => campaignRank(voters, groupId(0), voter))).toEqual([2, 0, 1]);
});

test("who has no vote has no rank", () => {
  expect(campaignRank(voters, groupId(4), nodeId(2))).toBeNull();
});

test("a thousand groups take their turns within half a second", () => {
  expect([0, 63, 64, 999].map(sliceDelayMs)).toEqual([0, 0, 20, 300]);
});
