// What etcd's requests for changes of members do at the leader of the fleet's group (ADR-0071).

import { afterEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { groupId, nodeId } from "../../../../src/core/base/ids.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import type { ForwardedWrites } from "../../../../src/core/coordinator/etcd/forward.ts";
import { type MemberChange, MemberChanges } from "../../../../src/core/coordinator/etcd/member-changes.ts";
import { listMembers } from "../../../../src/core/fleet/query.ts";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { grant, member, raise, role } from "../../fleet/replica.ts";
import type { TestGroup } from "../group.ts";
import { ledGroup } from "../service-context.ts";

const ADMIN: Identity = { kind: "admin" };
const ALICE: Identity = { kind: "operator", id: "alice" };
const NO_PEERS: ForwardedWrites = { ask: async () => null };
const opened: TestGroup[] = [];
afterEach(() => {
  for (const group of opened.splice(0)) group.close();
});

/** A founded group of three; alice may do what the rules say. */
async function founded(rules: readonly string[] = [], more: Partial<ServiceContext> = {}) {
  const { group, leader, context } = await ledGroup(3);
  opened.push(group);
  const propose = (kind: NonNullable<Operation["kind"]>) => group.propose(leader, { kind });
  for (const id of [1, 2, 3]) await propose(member(id));
  if (rules.length > 0)
    for (const kind of [raise(2), role("hers", rules), grant("alice", "hers")]) await propose(kind);
  const changes = new MemberChanges({ ...context, ...more }, NO_PEERS);
  const make = async (change: MemberChange, identity = ADMIN) => {
    const asked = changes.make(change, { identity, deadline: group.nowMs + 5_000 });
    const [settled] = await group.until(Promise.allSettled([asked]));
    if (settled.status === "rejected") throw settled.reason;
    return settled.value;
  };
  const rowOf = (id: number) => listMembers(leader.machine.view).find((row) => row.nodeId === id);
  return { group, leader, context, make, rowOf };
}

const add = (peerURLs: readonly string[], isLearner = false): MemberChange => ({
  $case: "memberAdd",
  value: { peerURLs: [...peerURLs], isLearner },
});
const remove = (ID: string): MemberChange => ({ $case: "memberRemove", value: { ID } });
const promote = (ID: string): MemberChange => ({ $case: "memberPromote", value: { ID } });
const URL = "http://127.0.0.1:7000";

test.each([
  { isLearner: false, wanted: MemberKind.VOTER },
  { isLearner: true, wanted: MemberKind.LEARNER },
])("an added member has the next number, and is named after it (learner: $isLearner)", async (given) => {
  const { make, rowOf, leader } = await founded();
  expect(await make(add([URL], given.isLearner))).toBe(4);
  expect(rowOf(4)).toMatchObject({ name: "n4", address: "127.0.0.1:7000", wanted: given.wanted });
  expect(leader.driver.status().config.voters).toEqual([1, 2, 3]);
});

test("the audit log names the client, the method and the member that was asked", async () => {
  const { make, leader } = await founded(["add member *"]);
  await make(add([URL]), ALICE);
  const last = present([...leader.machine.view.tables.audit.rows()].at(-1), "the change has an entry");
  expect(last).toMatchObject({
    actor: "fleet://operator/alice",
    reason: `memberAdd of etcd's API, asked at n${leader.id}`,
  });
});

test("an address that a member has is not given twice, and one of a removed member may be", async () => {
  const { make } = await founded();
  await make(add([URL]));
  await expect(make(add([URL]))).rejects.toBe(ETCD_ERRORS.peerUrlExists);
  await make(remove("4"));
  expect(await make(add([URL]))).toBe(5);
});

test("two additions at once get two numbers", async () => {
  const { group, context } = await founded();
  const changes = new MemberChanges(context, NO_PEERS);
  const caller = { identity: ADMIN, deadline: group.nowMs + 5_000 };
  const both = ["7000", "7001"].map((port) => changes.make(add([`http://127.0.0.1:${port}`]), caller));
  expect(new Set(await group.until(Promise.all(both)))).toEqual(new Set([4, 5]));
});

test("a name that another member has is not given twice", async () => {
  const { group, leader, make, rowOf } = await founded();
  const value = { nodeId: 3_000, name: "n3001", address: "h:3000", wanted: MemberKind.LEARNER };
  await group.propose(leader, { kind: { $case: "upsertMember", value } });
  expect(await make(add([URL]))).toBe(3_001);
  expect(rowOf(3_001)?.name).toBe("n3001-2");
});

test.each([
  { change: remove("77"), error: ETCD_ERRORS.memberNotFound, why: "there is no such member" },
  { change: promote("18446744073709551615"), error: ETCD_ERRORS.memberNotFound, why: "nor such a number" },
  { change: promote("1"), error: ETCD_ERRORS.memberNotLearner, why: "it votes" },
  { change: add([]), error: ETCD_ERRORS.memberBadUrls, why: "a member has an address" },
])("$change.$case is refused as etcd does it: $why", async ({ change, error }) => {
  const { make } = await founded();
  await expect(make(change)).rejects.toBe(error);
});

test("a removed member is not found any more", async () => {
  const { make, rowOf, leader } = await founded();
  const id = leader.id === 1 ? 2 : 1;
  expect(await make(remove(String(id)))).toBe(id);
  expect(rowOf(id)?.wanted).toBe(MemberKind.REMOVED);
  expect(leader.driver.status().config.voters).not.toContain(id);
  await expect(make(remove(String(id)))).rejects.toBe(ETCD_ERRORS.memberNotFound);
});

const LEAVING = { message: expect.stringContaining("is still in group 2") };

test("a removal that a group has not followed yet may be asked for again, until it is done", async () => {
  let looks = Number.POSITIVE_INFINITY;
  const groupsWith = () => (looks-- > 0 ? [groupId(2)] : []);
  const { make, leader, rowOf } = await founded([], { groupsWith });
  const id = leader.id === 1 ? 2 : 1;
  await expect(make(remove(String(id)))).rejects.toMatchObject(LEAVING);
  expect(rowOf(id)?.wanted).toBe(MemberKind.REMOVED);
  await expect(make(remove(String(id)))).rejects.toMatchObject(LEAVING);
  await expect(make(promote(String(id)))).rejects.toBe(ETCD_ERRORS.memberNotFound);
  looks = 3;
  expect(await make(remove(String(id)))).toBe(id);
});

test("a member that has the name of one that is leaving is not removed in its place", async () => {
  const { group, leader, make, rowOf } = await founded([], { groupsWith: () => [groupId(2)] });
  const id = leader.id === 1 ? 2 : 1;
  await expect(make(remove(String(id)))).rejects.toMatchObject(LEAVING);
  const value = { nodeId: 9, name: `n${id}`, address: "h:9", wanted: MemberKind.LEARNER };
  await group.propose(leader, { kind: { $case: "upsertMember", value } });
  await expect(make(remove(String(id)))).rejects.toBe(ETCD_ERRORS.memberNotFound);
  expect(rowOf(9)?.wanted).toBe(MemberKind.LEARNER);
});

test("a removal that would leave no quorum is refused as by an unhealthy etcd", async () => {
  const { make, leader } = await founded([], { answers: () => false });
  await expect(make(remove(leader.id === 1 ? "2" : "1"))).rejects.toBe(ETCD_ERRORS.unhealthy);
});

test.each([
  { isWhole: false, isLearner: true, why: "it has not started" },
  { isWhole: true, isLearner: false, why: "it is not in the configuration" },
])("a learner that is not in sync is not promoted: $why", async ({ isWhole, isLearner }) => {
  const { group, leader, make, rowOf } = await founded([], { isWhole: () => isWhole });
  await make(add([URL], true));
  if (isLearner) {
    const change = { transition: "auto", changes: [{ kind: "add-learner", node: nodeId(4) }] } as const;
    const context = new Uint8Array();
    await group.until(leader.driver.changeConfiguration({ ...change, context }, group.nowMs + 5_000));
  }
  await expect(make(promote("4"))).rejects.toBe(ETCD_ERRORS.learnerNotReady);
  expect(rowOf(4)?.wanted).toBe(MemberKind.LEARNER);
});

test.each([
  { rules: ["remove member *"], change: add([URL]), why: "another verb" },
  { rules: ["add member n9"], change: add([URL]), why: "another name" },
  { rules: ["add member *"], change: remove("2"), why: "another verb" },
])("an operator needs the permission of the fleet's own command: $why", async ({ rules, change }) => {
  const { make, rowOf } = await founded(rules);
  await expect(make(change, ALICE)).rejects.toBe(ETCD_ERRORS.permissionDenied);
  expect(rowOf(4)).toBeUndefined();
  expect(rowOf(2)?.wanted).toBe(MemberKind.VOTER);
});

test("a replica that does not lead changes nothing, and asks the leader", async () => {
  const { group, leader, context } = await founded();
  const follower = present(
    group.members.find(({ id }) => id !== leader.id),
    "there are three",
  );
  const asked: unknown[] = [];
  const forward: ForwardedWrites = {
    ask: async (to, kind) => {
      asked.push([to, kind.$case]);
      // The first time it did not lead any more.
      return asked.length === 1 ? null : { index: 1, revision: 0, answer: { $case: "member", value: 4 } };
    },
  };
  const { driver, machine, id: self } = follower;
  const changes = new MemberChanges({ ...context, driver, machine, self }, forward);
  const caller = { identity: ADMIN, deadline: group.nowMs + 5_000 };
  expect(await group.until(changes.make(add([URL]), caller))).toBe(4);
  expect(asked).toEqual([
    [leader.id, "memberAdd"],
    [leader.id, "memberAdd"],
  ]);
  expect(await group.until(changes.perform(add([URL]), caller, "n1"))).toBeNull();
});
