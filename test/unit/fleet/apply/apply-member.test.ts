import { expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { renderAuditEntry } from "../../../../src/core/fleet/audit/render-audit.ts";
import { listMembers } from "../../../../src/core/fleet/query.ts";
import { MemberKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { brief, type OperationKind, Replica, raise } from "../replica.ts";

const { VOTER, LEARNER, REMOVED } = MemberKind;

const want = (
  nodeId: number,
  wanted: MemberKind,
  name = `n${nodeId}`,
  address = `h:${nodeId}`,
): OperationKind => ({
  $case: "upsertMember",
  value: { nodeId, name, address, wanted },
});
const remove = (nodeId: number): OperationKind => ({ $case: "removeMember", value: { nodeId } });
const found = (...ids: readonly number[]): OperationKind => ({
  $case: "foundMembers",
  value: {
    members: ids.map((nodeId) => ({
      ...{ nodeId, name: `n${nodeId}`, address: `h:${nodeId}`, wanted: VOTER, version: 0, sinceMs: 0 },
    })),
  },
});

const rebuild = (nodeId: number, name = `n${nodeId}`): OperationKind => ({
  $case: "noteRebuild",
  value: { nodeId, name },
});

const THREE = [found(1, 2, 3)];

test.each([
  { given: [], when: found(1, 2, 3), is: "changed v1", why: "the first leader founds the table" },
  { given: THREE, when: found(1, 2), is: "unchanged v0", why: "later leaders change nothing" },
  { given: [], when: found(1, 1), is: "INVALID_MEMBERS", why: "a number is one node's" },
  { given: THREE, when: want(4, VOTER), is: "changed v2", why: "a new voter" },
  { given: THREE, when: want(4, LEARNER), is: "changed v2", why: "a new learner" },
  { given: [...THREE, want(4, LEARNER)], when: want(4, VOTER), is: "changed v3", why: "it is promoted" },
  { given: [...THREE, want(4, VOTER)], when: want(4, VOTER), is: "unchanged v2", why: "a retry" },
  { given: THREE, when: rebuild(2), is: "changed v2", why: "it is noted, and no row changes" },
  { given: THREE, when: rebuild(2, "n9"), is: "MEMBER_UNKNOWN node=n9", why: "no member has that name" },
  {
    given: [...THREE, remove(2)],
    when: rebuild(2),
    is: "MEMBER_UNKNOWN node=n2",
    why: "one that was removed is no member",
  },
  { given: THREE, when: want(3, LEARNER), is: "MEMBER_IS_VOTER node=3", why: "voters are not demoted" },
  {
    given: THREE,
    when: want(3, VOTER, "n3", "h:9"),
    is: "MEMBER_EXISTS address=h:3 name=n3 node=3",
    why: "a number keeps its address",
  },
  {
    given: THREE,
    when: want(4, VOTER, "n3"),
    is: "MEMBER_EXISTS address=h:3 name=n3 node=3",
    why: "two nodes of one name can't be told apart",
  },
  {
    given: THREE,
    when: want(4, VOTER, "n4", "h:3"),
    is: "MEMBER_EXISTS address=h:3 name=n3 node=3",
    why: "an address is one node's",
  },
  { given: [...THREE, remove(3)], when: remove(3), is: "unchanged v2", why: "a retry" },
  { given: THREE, when: remove(9), is: "MEMBER_UNKNOWN node=9", why: "nobody has the number" },
  {
    given: [...THREE, remove(3)],
    when: want(3, VOTER),
    is: "MEMBER_REMOVED node=3",
    why: "a removed node's memory must not count as a new one's",
  },
  {
    given: [...THREE, remove(3)],
    when: want(4, VOTER, "n3", "h:3"),
    is: "changed v3",
    why: "a name is free again",
  },
  { given: THREE, when: want(0, VOTER), is: "INVALID_MEMBER", why: "0 stands for nobody" },
  { given: THREE, when: want(4, REMOVED), is: "INVALID_MEMBER", why: "removal has its own operation" },
  { given: THREE, when: want(4, VOTER, "N 4"), is: "INVALID_NAME field=node", why: "names have an alphabet" },
  {
    given: [raise(2), ...THREE],
    when: want(2 ** 31 - 1, VOTER),
    is: "changed v3",
    why: "the largest number",
  },
  {
    given: [raise(2), ...THREE],
    when: want(2 ** 31, VOTER),
    is: "INVALID_MEMBER field=number limit=2147483647",
    why: "a number has a bound",
  },
  {
    given: [raise(2)],
    when: found(1, Number.MAX_SAFE_INTEGER),
    is: "INVALID_MEMBER field=number limit=2147483647",
    why: "founders' numbers have it too",
  },
  {
    given: THREE,
    when: want(Number.MAX_SAFE_INTEGER, VOTER),
    is: "changed v2",
    why: "version 1 knows no bound, and is applied as it was",
  },
  {
    given: [...THREE, want(Number.MAX_SAFE_INTEGER, LEARNER, "x1"), raise(2)],
    when: remove(Number.MAX_SAFE_INTEGER),
    is: "changed v4",
    why: "a row beyond the bound can be removed",
  },
])("$why: $is", ({ given, when, is }) => {
  const replica = new Replica().applyAll(given);
  expect(brief(replica.apply(when))).toBe(is);
});

test("a removed member's row stays, so that its process can be told", () => {
  const { state } = new Replica().applyAll([...THREE, remove(2)]);
  expect(listMembers(state).map(({ nodeId, wanted }) => [nodeId, wanted])).toEqual([
    [1, VOTER],
    [2, REMOVED],
    [3, VOTER],
  ]);
});

test("why a member is rebuilt is in the audit log, and no member's row changes by it", () => {
  const replica = new Replica().applyAll([raise(2), ...THREE]);
  const before = [...replica.state.tables.members.rows()];
  replica.apply(rebuild(2), { reason: "bad memory module" });
  const [entry] = replica.state.tables.audit.rowsBack();
  expect(renderAuditEntry(present(entry, "it was noted"))).toMatchObject({
    what: "rebuild node n2 from the leader's state",
    reason: "bad memory module",
  });
  expect([...replica.state.tables.members.rows()]).toEqual(before);
});
