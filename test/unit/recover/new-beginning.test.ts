import { expect, test } from "vitest";
import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { RecoveryOrder } from "../../../src/core/base/recovery-order.ts";
import { admit } from "../../../src/core/fleet/apply/apply-session.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { renderAuditEntry } from "../../../src/core/fleet/audit/render-audit.ts";
import { incarnationRecord } from "../../../src/core/fleet/incarnation.ts";
import { listAudit, listBindings, listMembers } from "../../../src/core/fleet/query.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../../src/core/fleet/state.ts";
import { replay } from "../../../src/core/recover/copy.ts";
import { newBeginning, recovered } from "../../../src/core/recover/new-beginning.ts";
import { Command, MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { bind, command, member, open, register } from "../fleet/replica.ts";
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

test("the survivor votes alone; index and term go on at +1, and the epoch is the time", () => {
  const { snapshot, hardState } = recovered(logOf(LOG), ORDER);
  expect(snapshot.confState).toMatchObject({ voters: [1], learners: [], votersOutgoing: [] });
  expect(snapshot).toMatchObject({ index: ORDER.index, term: ORDER.term });
  expect(hardState).toEqual({ term: ORDER.term, vote: 1, commit: ORDER.index + 1 });
  expect(ORDER).toMatchObject({ index: 7, term: 5, epoch: NOW_MS });
});

test("the beginning is beyond every survivor's, whichever is chosen", () => {
  const ahead = copyOf(2, { steps: inTerms(1, 1, 1, 1, 1, 1, 1), term: 9, commit: 2 });
  const [alone, both] = [newBeginning([copyOf(1, LOG)], 0), newBeginning([copyOf(1, LOG), ahead], 0)];
  expect(both.index - alone.index).toBe(2);
  expect(both.term - alone.term).toBe(5);
});

const at = (lastIndex: number, lastTerm: number, age = { epoch: 0, newestMs: 0 }) => ({
  term: term(lastTerm),
  last: { index: logIndex(lastIndex), term: term(lastTerm) },
  age,
});

test("the same copy gone on from twice gives out the same indexes and terms, and is told apart by its epoch", () => {
  const copy = copyOf(1, LOG);
  const [first, second] = [newBeginning([copy], NOW_MS), newBeginning([copy], NOW_MS + 1)];
  expect([second.index, second.term]).toEqual([first.index, first.term]);
  expect(second.epoch).toBeGreaterThan(first.epoch);
});

test("an old fleet's large terms and indexes simply go on", () => {
  const began = newBeginning([at(179_526_832_120_400, 1_795_268_321_204)], NOW_MS);
  expect(began).toMatchObject({ index: 179_526_832_120_401, term: 1_795_268_321_205 });
});

test.each([
  { nowMs: 0, why: "a clock that lost its battery" },
  { nowMs: NOW_MS - 3_600_000, why: "a clock that is an hour behind the newest entry" },
])("whatever the clock, the epoch is above the copy's and not before its newest entry: $why", ({ nowMs }) => {
  expect(newBeginning([at(83, 2, { epoch: 9, newestMs: NOW_MS })], nowMs).epoch).toBe(NOW_MS);
  expect(newBeginning([at(83, 2, { epoch: NOW_MS, newestMs: 0 })], nowMs).epoch).toBe(NOW_MS + 1);
});

test("a copy says when its newest entry was written, and of which epoch it is", () => {
  const steps = [...LOG.steps, { term: 2, operation: open(), headers: { atMs: 9_999 } }];
  expect(copyOf(1, { ...LOG, steps }).age).toEqual({ epoch: 0, newestMs: 9_999 });
});

test("the new incarnation is recorded in the state, by the first entry of its log", () => {
  expect(incarnationRecord(stateAfter(LOG))).toEqual({
    ...{ id: "new", epoch: NOW_MS, formerId: "old" },
    ...{ sinceIndex: ORDER.index + 1, sinceMs: 7_000 },
  });
  // The log is of version 1. Its only member is the build that recovers it.
  expect(stateAfter(LOG).clusterVersion).toBe(2);
});

test("the record, and whom a shard is told to give up, outlive a snapshot", () => {
  const state = stateAfter(LOG);
  const givenUp = { id: "ahead", epoch: 9, term: 7 };
  apply(
    state,
    logIndex(ORDER.index + 2),
    command({ $case: "adoptShard", value: { shardId: "s1", givenUp } }),
  );
  const restored = decodeSnapshot(encodeSnapshot(state.capture()));
  if (!restored.ok) throw new Error(restored.message);
  expect(restored.state.hash()).toBe(state.hash());
  expect(incarnationRecord(restored.state)).toEqual(incarnationRecord(state));
  expect(restored.state.tables.shards.get("s1")?.givingUp).toEqual(givenUp);
});

test("a session opened in the new incarnation has an id that none of an abandoned future has", () => {
  const ids = ["new", "newer"].map((clusterId) => {
    const state = stateAfter(LOG, { ...ORDER, clusterId });
    const opened = apply(state, logIndex(ORDER.index + 2), command(open()));
    return opened.result?.$case === "applied" ? opened.result.value.version : 0;
  });
  expect(new Set([...ids, ORDER.index + 2]).size).toBe(3);
  expect(ids.every((id) => Number.isSafeInteger(id))).toBe(true);
});

test("a recovery that an earlier build has begun is finished as that began it", () => {
  const state = stateAfter(LOG, { ...ORDER, epoch: null, index: logIndex(5_000), term: term(900) });
  expect(incarnationRecord(state)).toBeUndefined();
  expect(state.clusterVersion).toBe(1);
});

test("everything that the log held is in the tables, committed or not", () => {
  const state = stateAfter(LOG);
  expect(listBindings(state).map((row) => [row.clusterId, row.shardId])).toEqual([["c1", "s1"]]);
  expect(state.appliedIndex).toBe(ORDER.index + 1);
});

test("a write that is repeated gets its first outcome", () => {
  const again = admit(stateAfter(LOG), {
    ...{ sessionId: SESSION, sequence: 1, firstOutstanding: 0, actor: "fleet://admin" },
  });
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
  const entries = listAudit(stateAfter(LOG)).map(renderAuditEntry);
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
