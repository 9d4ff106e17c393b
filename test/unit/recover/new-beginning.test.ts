import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { admit } from "../../../src/core/fleet/apply-session.ts";
import { listAudit, listBindings, listMembers } from "../../../src/core/fleet/query.ts";
import { decodeSnapshot } from "../../../src/core/fleet/snapshot.ts";
import type { FleetState } from "../../../src/core/fleet/state.ts";
import { replay } from "../../../src/core/recover/copy.ts";
import { newBeginning, type RecoveryOrder, recovered } from "../../../src/core/recover/new-beginning.ts";
import { Command, MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { bind, member, open, register } from "../fleet/replica.ts";
import { copyOf, inTerms, type LogPlan, logOf } from "./support.ts";

const SESSION = 5;
const NOW_MS = Date.UTC(2026, 10, 21);
const LOG: LogPlan = {
  steps: [
    { term: 1, operation: member(1) },
    { term: 1, operation: member(2) },
    { term: 1, operation: register("s1") },
    { term: 1, operation: open() },
    { term: 2, operation: bind("c1", "s1"), headers: { sessionId: SESSION, sequence: 1 } },
  ],
  term: 4,
  commit: 4,
};
const ORDER: RecoveryOrder = {
  nodeId: nodeId(1),
  address: "",
  formerClusterId: "old",
  clusterId: "new",
  ...newBeginning([copyOf(1, LOG)], NOW_MS),
  committed: logIndex(4),
  last: logIndex(6),
  actor: "offline:op",
  reason: "two disks",
  atMs: 7_000,
};

function stateAfter(plan: LogPlan, order = ORDER): FleetState {
  const { snapshot, entries } = recovered(logOf(plan), order);
  const restored = decodeSnapshot(snapshot.data);
  if (!restored.ok) throw new Error(restored.message);
  for (const { index, data } of entries) apply(restored.state, index, Command.decode(data));
  return restored.state;
}

test("the survivor votes alone, in a term and from an index that nobody can have seen", () => {
  const { snapshot, hardState } = recovered(logOf(LOG), ORDER);
  expect(snapshot.confState).toMatchObject({ voters: [1], learners: [], votersOutgoing: [] });
  expect(snapshot).toMatchObject({ index: ORDER.index, term: ORDER.term });
  expect(hardState).toEqual({ term: ORDER.term, vote: 1, commit: ORDER.index + 1 });
  expect(ORDER.index).toBeGreaterThan(1_000_000);
  expect(ORDER.term).toBeGreaterThan(1_000);
});

test("the beginning is beyond every survivor's, whichever is chosen", () => {
  const ahead = copyOf(2, { steps: inTerms(1, 1, 1, 1, 1, 1, 1), term: 9, commit: 2 });
  const [alone, both] = [newBeginning([copyOf(1, LOG)], 0), newBeginning([copyOf(1, LOG), ahead], 0)];
  expect(both.index - alone.index).toBe(2);
  expect(both.term - alone.term).toBe(5);
});

test("the same copy gone on from again begins beyond what its first successor can have used up", () => {
  const [copy, meanwhileMs] = [copyOf(1, LOG), 5_000];
  const [first, second] = [newBeginning([copy], NOW_MS), newBeginning([copy], NOW_MS + meanwhileMs)];
  // Ten times what was ever measured, and an election every ten milliseconds.
  expect(second.index - first.index).toBeGreaterThan(40 * meanwhileMs);
  expect(second.term - first.term).toBeGreaterThan(meanwhileMs / 10);
});

test("nor does it matter that the copy is of a fleet that began anew a moment ago", () => {
  const began = newBeginning([copyOf(1, LOG)], NOW_MS);
  const exported = at(began.index + 12, began.term + 1);
  const [first, second] = [
    newBeginning([exported], NOW_MS + 40_000),
    newBeginning([exported], NOW_MS + 42_000),
  ];
  expect(first.index).toBeGreaterThan(exported.last.index);
  expect(second.index - first.index).toBeGreaterThan(80_000);
  expect(first.term).toBeGreaterThan(exported.term);
  expect(second.term - first.term).toBeGreaterThan(200);
});

test("an older copy gone on from later begins beyond a newer one's successor", () => {
  const older = copyOf(1, { ...LOG, steps: LOG.steps.slice(0, 4), term: 2 });
  const [first, second] = [newBeginning([copyOf(1, LOG)], NOW_MS), newBeginning([older], NOW_MS + 1)];
  expect(second.index).toBeGreaterThan(first.index);
  expect(second.term).toBeGreaterThan(first.term);
});

const at = (lastIndex: number, lastTerm: number) => ({
  term: term(lastTerm),
  last: { index: logIndex(lastIndex), term: term(lastTerm) },
});
const FAR = { index: 400_000_000_000_000, term: 4_000_000_000_000 };

test.each([
  { nowMs: 0, copy: at(83, 2), why: "a clock that lost its battery" },
  { nowMs: -1, copy: at(83, 2), why: "a clock before 1970" },
  {
    nowMs: NOW_MS,
    copy: at(FAR.index, FAR.term),
    why: "a copy whose beginning was by a clock that was ahead",
  },
])("without a time that helps it is the gap: $why", ({ nowMs, copy }) => {
  const { index, term: inTerm } = newBeginning([copy], nowMs);
  expect(index - copy.last.index).toBe(1_000_000_000);
  expect(inTerm - copy.term).toBe(1_000_000);
});

test("a clock that is absurdly ahead leaves room for a million more beginnings", () => {
  const { index, term: inTerm } = newBeginning([at(83, 2)], Number.MAX_SAFE_INTEGER);
  expect(Number.isSafeInteger(index + 1_000_000 * 1_000_000_000)).toBe(true);
  expect(Number.isSafeInteger(inTerm + 1_000_000 * 1_000_000)).toBe(true);
});

test("everything that the log held is in the tables, committed or not", () => {
  const state = stateAfter(LOG);
  expect(listBindings(state).map((row) => [row.clusterId, row.shardId])).toEqual([["c1", "s1"]]);
  expect(state.appliedIndex).toBe(ORDER.index + 1);
});

test("a write that is repeated gets its first outcome", () => {
  const again = admit(stateAfter(LOG), { sessionId: SESSION, sequence: 1, firstOutstanding: 0 });
  expect(again).toMatchObject({ kind: "repeated", outcome: { index: 6 } });
});

test("all other members are removed, and their numbers stay taken", () => {
  const rows = listMembers(stateAfter(LOG)).map((row) => [row.nodeId, row.wanted, row.version]);
  expect(rows).toEqual([
    [1, MemberKind.VOTER, 2],
    [2, MemberKind.REMOVED, ORDER.index + 1],
  ]);
});

test("a survivor that was to learn, votes", () => {
  const state = stateAfter({
    ...LOG,
    steps: [{ term: 1, operation: member(1, MemberKind.LEARNER) }, ...inTerms(1, 1, 1, 1)],
  });
  expect(listMembers(state)[0]).toMatchObject({ nodeId: 1, wanted: MemberKind.VOTER });
});

test("the audit log says that it happened, by whom and why, and what was taken as committed", () => {
  const entries = listAudit(stateAfter(LOG));
  expect(entries).toHaveLength(4 + 1);
  expect(entries.at(-1)).toMatchObject({
    index: ORDER.index + 1,
    actor: "offline:op",
    reason: "two disks",
    atMs: 7_000,
    what: "recover from node 1 as new, formerly old, after entry 6, entries 5 to 6 taken as committed",
  });
});

test("the new log begins with exactly the state that the old one ended with", () => {
  const before = replay(logOf(LOG));
  if (!before.ok) throw new Error(before.problem);
  const { snapshot } = recovered(logOf(LOG), ORDER);
  const after = decodeSnapshot(snapshot.data);
  expect(after.ok && after.state.hash()).toBe(before.state.hash());
});

test("a node that is reached elsewhere from now on is so in its row", () => {
  const rows = listMembers(stateAfter(LOG, { ...ORDER, address: "10.0.0.9:7000" }));
  expect(rows[0]).toMatchObject({ nodeId: 1, address: "10.0.0.9:7000", version: ORDER.index + 1 });
});

test("doing it twice gives the same bytes; of another log than was ordered it is refused", () => {
  expect(recovered(logOf(LOG), ORDER)).toEqual(recovered(logOf(LOG), ORDER));
  expect(() => recovered(logOf({ ...LOG, steps: inTerms(1) }), ORDER)).toThrow(/ends where it did/);
  expect(() => recovered(logOf(LOG), { ...ORDER, term: term(4) })).toThrow(/terms never go back/);
});
