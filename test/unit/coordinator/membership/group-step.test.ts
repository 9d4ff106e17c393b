// What the leader of a group beside the fleet's own does next, so that the group has the fleet's members.

import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { groupStep } from "../../../../src/core/coordinator/membership/group-step.ts";
import type { ConfState } from "../../../../src/core/raft/message.ts";

const config = (
  voters: readonly number[],
  learners: readonly number[] = [],
  outgoing: readonly number[] = [],
) =>
  ({
    voters: voters.map(nodeId),
    learners: learners.map(nodeId),
    votersOutgoing: outgoing.map(nodeId),
    learnersNext: [],
    autoLeave: true,
  }) satisfies ConfState;

interface Case {
  readonly group: ConfState;
  readonly fleet: ConfState;
  readonly removed?: readonly number[];
  readonly silent?: readonly number[];
  readonly self?: number;
  readonly is: string;
  readonly why: string;
}

const CASES: readonly Case[] = [
  { group: config([1, 2, 3]), fleet: config([1, 2, 3]), is: "settled", why: "the same members" },
  {
    group: config([1, 2, 3]),
    fleet: config([1, 2, 3, 4]),
    is: "add-learner 4",
    why: "a new voter learns first",
  },
  { group: config([1, 2, 3]), fleet: config([1, 2, 3], [4]), is: "add-learner 4", why: "a new learner" },
  {
    group: config([1, 2, 3], [4]),
    fleet: config([1, 2, 3, 4]),
    is: "wait: n4 does not vote in it yet",
    why: "a learner asks for its vote itself",
  },
  { group: config([1, 2, 3], [4]), fleet: config([1, 2, 3], [4]), is: "settled", why: "a learner stays one" },
  {
    group: config([1, 2, 3]),
    fleet: config([1, 2]),
    removed: [3],
    is: "remove 3",
    why: "its row says removed",
  },
  {
    group: config([1, 2, 3]),
    fleet: config([1, 2]),
    is: "settled",
    why: "it is being readmitted to the fleet's group: only a removed row ends a membership",
  },
  {
    group: config([1, 2, 3, 4], [], [1, 2, 3]),
    fleet: config([1, 2, 4]),
    removed: [3],
    is: "wait: a change of its configuration is under way",
    why: "one change at a time",
  },
  {
    group: config([1, 2, 3], [4]),
    fleet: config([1, 2, 4]),
    removed: [3],
    is: "wait: n3 leaves once n4 votes",
    why: "the number of voters does not shrink while both answer",
  },
  {
    group: config([1, 2, 3], [4]),
    fleet: config([1, 2, 4]),
    removed: [3],
    silent: [3],
    is: "remove 3",
    why: "a dead voter helps no quorum",
  },
  {
    group: config([1, 2, 3], [4]),
    fleet: config([1, 2, 4]),
    removed: [3],
    silent: [4],
    is: "remove 3",
    why: "a newcomer that does not answer is not waited for",
  },
  {
    group: config([1, 2, 3]),
    fleet: config([1, 2]),
    removed: [3],
    silent: [2],
    is: "wait: without n3 the voters are n1, n2; their quorum is 2 of 2, and only 1 of them answers: n2 does not",
    why: "without it there is no quorum",
  },
  {
    group: config([1, 2, 3], [4, 5]),
    fleet: config([1, 2, 3], [5]),
    removed: [4],
    silent: [2, 3],
    is: "remove 4",
    why: "a learner is in no quorum",
  },
  {
    group: config([1, 2, 3]),
    fleet: config([2, 3]),
    removed: [1],
    is: "leave",
    why: "the leader is removed",
  },
  {
    group: config([1, 2, 3]),
    fleet: config([1, 2, 4]),
    removed: [3],
    is: "add-learner 4",
    why: "a newcomer is added before a member leaves",
  },
  {
    group: config([1]),
    fleet: config([2]),
    removed: [1],
    self: 1,
    is: "leave",
    why: "the only voter hands over first",
  },
];

test.each(CASES)("$why: $is", ({ group, fleet, removed = [], silent = [], self = 1, is }) => {
  const step = groupStep({
    self: nodeId(self),
    config: group,
    fleet: { config: fleet, isRemoved: (id) => removed.includes(id) },
    answers: (id) => !silent.includes(id),
    nameOf: (id) => `n${id}`,
  });
  const text = "node" in step ? `${step.kind} ${step.node}` : "why" in step ? `wait: ${step.why}` : step.kind;
  expect(text).toBe(is);
});
