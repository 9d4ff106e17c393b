// The simulator's own judgement: each check on a small case that breaks its rule, and on one that does not.

import { expect, test } from "vitest";
import { logIndex, type NodeId, nodeId, term } from "../../../src/core/base/ids.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import type { ConfState } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { LeaseHolders } from "../../../src/core/sim/checks/lease-holders.ts";
import { disagreement, Members } from "../../../src/core/sim/checks/members.ts";
import { OwnerHistory } from "../../../src/core/sim/checks/owner-history.ts";
import { type Elector, isElectable } from "../../../src/core/sim/electable.ts";
import { MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;
const ids = (...numbers: number[]): NodeId[] => numbers.map(nodeId);

function configOf(voters: readonly number[], learners: readonly number[] = []): ConfState {
  return {
    voters: ids(...voters),
    learners: ids(...learners),
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  };
}

function tableOf(wanted: readonly MemberKind[]): FleetState {
  const state = new FleetState();
  for (const [at, kind] of wanted.entries()) {
    const named = { nodeId: at + 1, name: `n${at + 1}`, address: `127.0.0.1:${at + 1}` };
    state.tables.members.put({ ...named, wanted: kind, version: 1, sinceMs: 0 });
  }
  return state;
}

test("two leaders that would answer from their leases are one too many", () => {
  const holders = new LeaseHolders();
  holders.observes(nodeId(1), true);
  holders.observes(nodeId(1), true);
  expect(() => holders.observes(nodeId(2), true)).toThrow("1 and 2 hold leases");
});

test("a lease may pass on, and one whose process is gone holds none", () => {
  const holders = new LeaseHolders();
  holders.observes(nodeId(1), true);
  holders.observes(nodeId(1), false);
  holders.observes(nodeId(2), true);
});

test("an owner that a later read does not show is found by the linearizability checker", () => {
  const history = new OwnerHistory();
  history.recorder.invoke(1, { kind: "cas", from: null, to: "bound" });
  history.recorder.complete(1, { kind: "written" });
  history.recorder.invoke(2, { kind: "read" });
  history.recorder.complete(2, { kind: "value", value: null });
  expect(() => history.judge()).toThrow("not linearizable");
});

test("a migration of unknown outcome may have begun, or not", () => {
  for (const value of [null, "bound"]) {
    const history = new OwnerHistory();
    history.recorder.invoke(1, { kind: "cas", from: null, to: "bound" });
    history.recorder.giveUp(1);
    history.recorder.invoke(2, { kind: "read" });
    history.recorder.complete(2, { kind: "value", value });
    expect(history.judge()).toBe(true);
  }
});

test("who is removed in the table is in no configuration any more", () => {
  const members = new Members();
  const table = tableOf([VOTER, VOTER, REMOVED]);
  members.observes(nodeId(1), 7, table, configOf([1, 2]));
  expect(() => members.observes(nodeId(2), 7, table, configOf([1, 2, 3]))).toThrow("though it is removed");
  expect(() => members.observes(nodeId(2), 8, table, configOf([1, 2], [3]))).toThrow("though it is removed");
});

test("the votes of removed members and learners elect nobody", () => {
  const members = new Members();
  const grant = (from: number) =>
    members.says(
      newMessage("MsgVoteResp", { from: nodeId(from), to: nodeId(1), term: term(4), index: logIndex(0) }),
    );
  grant(4);
  grant(5);
  expect(() => members.elected(nodeId(1), term(4), configOf([1, 2, 3], [4]))).toThrow("its voters are 1,2,3");
  grant(2);
  members.elected(nodeId(1), term(4), configOf([1, 2, 3], [4]));
});

test.each([
  { rows: [VOTER, LEARNER, REMOVED], config: configOf([1], [2]), is: null },
  { rows: [VOTER, VOTER], config: configOf([1]), is: "n2 is wanted as voter and is nothing" },
  { rows: [VOTER, REMOVED], config: configOf([1], [2]), is: "n2 is wanted as nothing and is learner" },
  { rows: [VOTER, VOTER], config: configOf([1], [2]), is: "n2 is wanted as voter and is learner" },
  { rows: [VOTER], config: configOf([1, 2]), is: "node 2 is configured without a row" },
])("table and configuration: $is", ({ rows, config, is }) => {
  expect(disagreement(tableOf(rows), config)).toBe(is);
});

/** A replica with its memory, the last entry of the term at the index, and the configuration that it knows. */
function elector(id: number, [lastTerm, index]: readonly [number, number], config: ConfState): Elector {
  const last = { term: term(lastTerm), index: logIndex(index) };
  const commit = { term: term(1), index: logIndex(1) };
  const memory = { isAmnesiac: false, holds: () => true, refuses: () => false };
  return { id: nodeId(id), config, commit, last, ...memory };
}

const three = configOf([1, 2, 3]);
const laterCommit = { term: term(1), index: logIndex(3) };
const joint: ConfState = { ...configOf([1, 2]), votersOutgoing: ids(1, 3, 4) };

test.each([
  {
    all: [elector(1, [2, 5], three), elector(2, [2, 5], three)],
    is: true,
    why: "two of three are there",
  },
  {
    all: [elector(1, [2, 5], three), { ...elector(2, [2, 5], three), isAmnesiac: true }],
    is: false,
    why: "who lost its disk does not vote",
  },
  {
    all: [
      { ...elector(1, [2, 5], three), isAmnesiac: true },
      elector(2, [2, 5], three),
      elector(3, [2, 5], three),
    ],
    is: false,
    why: "who lost its disk does not campaign",
  },
  {
    all: [elector(1, [2, 9], three), elector(2, [3, 5], three)],
    is: false,
    why: "the other's log is newer, though shorter",
  },
  {
    all: [elector(1, [2, 5], three), elector(2, [2, 5], configOf([2, 4, 5]))],
    is: true,
    why: "the candidate's own configuration counts",
  },
  {
    all: [
      elector(1, [2, 5], configOf([1, 4, 5])),
      { ...elector(2, [1, 3], configOf([1, 2])), commit: laterCommit },
    ],
    is: true,
    why: "who knows more to be committed tells it of a newer configuration",
  },
  {
    all: [
      { ...elector(1, [2, 5], configOf([1, 4, 5])), holds: () => false },
      { ...elector(2, [1, 3], configOf([1, 2])), commit: laterCommit },
    ],
    is: false,
    why: "what the other knows to be committed is not in its log",
  },
  {
    all: [elector(1, [2, 5], three), { ...elector(2, [2, 5], three), refuses: () => true }],
    is: false,
    why: "the other knows that it was removed",
  },
  {
    all: [elector(1, [2, 5], configOf([2], [1])), elector(2, [1, 1], three)],
    is: false,
    why: "it is a learner",
  },
  {
    all: [elector(1, [2, 5], joint), elector(2, [2, 5], joint)],
    is: false,
    why: "the outgoing half has no majority",
  },
  {
    all: [elector(1, [2, 5], joint), elector(2, [2, 5], joint), elector(4, [2, 5], joint)],
    is: true,
    why: "both halves have one",
  },
])("electable $is: $why", ({ all, is }) => {
  const [first] = all;
  expect(first !== undefined && isElectable(first, all)).toBe(is);
});
