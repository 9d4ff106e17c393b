// Which groups exist beside the fleet's own: rows that never change.

import { expect, test } from "vitest";
import { renderAuditEntry } from "../../../../src/core/fleet/audit/render-audit.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { GroupKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { brief, createGroup, foundGroups, type OperationKind, Replica, raise } from "../replica.ts";

const ofKind = (kind: GroupKind, groupId = 1): OperationKind => ({
  $case: "createGroup",
  value: { groupId, kind, founders: [1] },
});
const foundKeys = (...groupIds: number[]): OperationKind => ({
  $case: "foundGroups",
  value: { groupIds, kind: GroupKind.KEYS },
});
const KEYS = ofKind(GroupKind.KEYS);
const keep = (windowMs: number, revisionsMax: number): OperationKind => ({
  $case: "setKeyRetention",
  value: { windowMs, revisionsMax },
});

test.each([
  { given: [], when: createGroup(1), is: "changed v2", why: "a new group" },
  { given: [createGroup(1)], when: createGroup(1), is: "GROUP_EXISTS group=1", why: "its row never changes" },
  {
    given: [foundGroups(1)],
    when: createGroup(1),
    is: "GROUP_EXISTS group=1",
    why: "nor that of a first one",
  },
  { given: [], when: createGroup(0), is: "INVALID_GROUP field=number", why: "0 is the fleet's own" },
  { given: [], when: createGroup(2 ** 31), is: "INVALID_GROUP field=number", why: "it is too large" },
  { given: [], when: createGroup(1, []), is: "INVALID_GROUP field=founders", why: "a voter is needed" },
  { given: [], when: createGroup(1, [2, 2]), is: "INVALID_GROUP field=founders", why: "each votes once" },
  { given: [], when: createGroup(1, [0]), is: "INVALID_GROUP field=founders", why: "0 is no member" },
  { given: [], when: ofKind(GroupKind.UNSPECIFIED), is: "INVALID_GROUP field=kind", why: "nothing opens it" },
  { given: [KEYS], when: ofKind(GroupKind.KEYS, 2), is: "GROUP_EXISTS group=1", why: "one key space" },
  { given: [KEYS], when: createGroup(2), is: "changed v3", why: "a tally beside the key space" },
  { given: [], when: foundKeys(3), is: "changed v2", why: "a key space without a row" },
  { given: [KEYS], when: foundKeys(3), is: "GROUP_EXISTS group=1", why: "a second key space without a row" },
  { given: [KEYS], when: foundKeys(1), is: "unchanged v3", why: "another leader repeats the key space" },
  { given: [], when: foundKeys(1, 2), is: "GROUP_EXISTS group=2", why: "two key spaces at once" },
  { given: [], when: foundGroups(1, 2), is: "changed v2", why: "groups from before the table" },
  {
    given: [foundGroups(1, 2)],
    when: foundGroups(2, 1),
    is: "unchanged v3",
    why: "another leader repeats it",
  },
  {
    given: [createGroup(1)],
    when: foundGroups(1, 2),
    is: "changed v3",
    why: "only what is missing is added",
  },
  { given: [KEYS], when: keep(60_000, 1_000), is: "changed v3", why: "a rule for the history of keys" },
  {
    given: [KEYS, keep(60_000, 1_000)],
    when: keep(60_000, 1_000),
    is: "unchanged v2",
    why: "the rule that there is",
  },
  { given: [KEYS, keep(60_000, 1_000)], when: keep(0, 0), is: "changed v4", why: "no rule any more" },
  { given: [createGroup(1)], when: keep(1, 0), is: "NO_KEY_SPACE", why: "a tally keeps no history" },
  {
    given: [KEYS],
    when: keep(0, 999),
    is: "INVALID_RETENTION field=revisions",
    why: "too few revisions for a list in pages",
  },
  {
    given: [KEYS],
    when: keep(366 * 86_400_000, 0),
    is: "INVALID_RETENTION field=window",
    why: "a window of a year at most",
  },
  { given: [], when: foundGroups(0), is: "INVALID_GROUP field=number", why: "0 is the fleet's own" },
])("$why: $is", ({ given, when, is }) => {
  expect(brief(new Replica().applyAll([raise(2), ...given]).apply(when))).toBe(is);
});

test("a row that exists keeps its founders, which say who may begin with an empty state", () => {
  const { state } = new Replica().applyAll([raise(2), createGroup(1, [3, 1, 2]), foundGroups(1, 2)]);
  const rows = [...state.tables.groups.rows()].map(({ groupId, founders, version }) => ({
    ...{ groupId, founders, version },
  }));
  expect(rows).toEqual([
    { groupId: 1, founders: [1, 2, 3], version: 2 },
    { groupId: 2, founders: [], version: 3 },
  ]);
});

test("the groups survive a snapshot, and the audit log names each creation", () => {
  const { state } = new Replica().applyAll([raise(2), createGroup(1), foundGroups(2, 3)]);
  const restored = decodeSnapshot(encodeSnapshot(state.capture()));
  if (!restored.ok) throw new Error(restored.message);
  expect(restored.state.hash()).toBe(state.hash());
  expect([...restored.state.tables.groups.rows()]).toEqual([...state.tables.groups.rows()]);
  const lines = [...state.tables.audit.rows()].map((row) => renderAuditEntry(row).what);
  expect(lines.slice(-2)).toEqual([
    "create group 1 of kind tally",
    "list 2 groups of kind tally that were bootstrapped with the fleet",
  ]);
});

test("a rule of retention keeps what the row says of the group's creation", () => {
  const { state } = new Replica().applyAll([raise(2), ofKind(GroupKind.KEYS, 3), keep(86_400_000, 5_000)]);
  const { version, ...row } = state.tables.groups.get(3) ?? { version: 0 };
  expect(version).toBe(2);
  expect(row).toMatchObject({ founders: [1], keyWindowMs: 86_400_000, keyRevisionsMax: 5_000 });
  const restored = decodeSnapshot(encodeSnapshot(state));
  expect(restored.ok && restored.state.tables.groups.get(3)).toEqual(state.tables.groups.get(3));
});
