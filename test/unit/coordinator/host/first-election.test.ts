// When a replica that has just started asks for votes before its election timeout, and when it does not.

import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { FirstElection } from "../../../../src/core/coordinator/host/first-election.ts";
import type { RaftStatus } from "../../../../src/core/raft/status.ts";

interface Tick {
  readonly heard?: readonly number[];
  readonly leader?: number;
  readonly role?: RaftStatus["role"];
}

/** The ticks, counted from 1, at which a replica of group `group` among voters 1, 2 and 3 campaigns. */
function campaigns(self: number, ticks: readonly Tick[], { group = FLEET_GROUP, voters = [1, 2, 3] } = {}) {
  const first = new FirstElection(group, nodeId(self));
  const status = () => ({ config: { voters: voters.map(nodeId) } }) as unknown as RaftStatus;
  return ticks.flatMap(({ heard = [], leader = 0, role = "follower" }, at) => {
    const driver = { leader: leader as NodeId, role, status };
    return first.isDue(driver, (peer) => heard.includes(peer)) ? [at + 1] : [];
  });
}

const times = (count: number, tick: Tick): Tick[] => Array.from({ length: count }, () => tick);
const ALL: Tick = { heard: [1, 2, 3] };

test.each([
  { self: 1, ticks: times(9, ALL), at: [2], why: "the first voter of this group, and only once" },
  { self: 2, ticks: times(9, ALL), at: [3], why: "the second one, in case the first can't win" },
  { self: 3, ticks: times(9, ALL), at: [4], why: "the third one" },
  { self: 3, ticks: times(9, { heard: [2] }), at: [3], why: "the first one is down: each moves up" },
  { self: 1, ticks: times(9, {}), at: [], why: "alone it can't win: its own clock goes on" },
  {
    self: 1,
    ticks: [...times(5, {}), ...times(3, ALL)],
    at: [7],
    why: "it counts from when a quorum is heard",
  },
  { self: 1, ticks: [ALL, { ...ALL, leader: 2 }, ...times(9, ALL)], at: [], why: "a leader lives, or lived" },
  {
    self: 1,
    ticks: [ALL, { ...ALL, role: "pre-candidate" as const }, ...times(9, ALL)],
    at: [],
    why: "its clock was first",
  },
  { self: 4, ticks: times(9, ALL), at: [], why: "it does not vote" },
])("replica $self campaigns at $at: $why", ({ self, ticks, at }) =>
  expect(campaigns(self, ticks)).toEqual(at),
);

test("in each group another voter is first", () => {
  const group = groupId(1);
  expect([1, 2, 3].map((self) => campaigns(self, times(9, ALL), { group }))).toEqual([[4], [2], [3]]);
});

test("a fleet of one replica has nobody to wait for", () => {
  expect(campaigns(1, times(9, {}), { voters: [1] })).toEqual([2]);
});
