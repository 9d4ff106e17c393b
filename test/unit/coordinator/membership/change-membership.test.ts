// Changes of the membership at a leader whose log holds what is not applied yet. Found by the simulator.

import { describe, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { configurationIndex } from "../../../../src/core/coordinator/membership/members.ts";
import { readmit } from "../../../../src/core/coordinator/membership/readmit.ts";
import type { ConfOperation } from "../../../../src/core/raft/confchange.ts";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { identityOfSession } from "../../../../src/core/wire/tls/identity.ts";
import { type Member, TestGroup } from "../group.ts";
import { contextOf, NEWCOMER } from "../service-context.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;

const founders = (): Operation => {
  const member = (id: number) => ({ nodeId: id, name: `n${id}`, address: `127.0.0.1:${id}` });
  const members = [1, 2, 3].map((id) => ({
    ...member(id),
    wanted: MemberKind.VOTER,
    version: 0,
    sinceMs: 0,
  }));
  return { kind: { $case: "foundMembers", value: { members } } };
};

const newcomer = (): Operation => {
  const value = { nodeId: NEWCOMER, name: "n4", address: "127.0.0.1:4", wanted: MemberKind.LEARNER };
  return { kind: { $case: "upsertMember", value } };
};

function ask(
  group: TestGroup,
  context: ServiceContext,
  change: Change,
  { timeoutMs = 5_000, expected }: { readonly timeoutMs?: number; readonly expected?: number } = {},
): Promise<string | null> {
  const request = { change, expectedConfigurationIndex: expected, reason: "", dryRun: false };
  const caller = { identity: { kind: "admin" }, deadline: group.nowMs + timeoutMs } as const;
  const asked = context.changes.change(context, request, caller).then(
    () => null,
    (error: unknown) => readRpcError(error).reason,
  );
  return group.until(asked);
}

function addLearner({ driver }: Member, node: NodeId): void {
  driver.proposeConfChange({
    transition: "auto",
    changes: [{ kind: "add-learner", node }],
    context: new Uint8Array(),
  });
}

test("a member on its way in is removed behind the entry that lets it in", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, founders());
  await group.propose(leader, newcomer());
  let hasAsked = false;
  const context = contextOf(group, leader, () => {
    if (!hasAsked) addLearner(leader, NEWCOMER);
    hasAsked = true;
  });
  const remove: Change = { $case: "remove", value: { name: "n4" } };

  expect(await ask(group, context, remove)).toBe("MEMBERSHIP_CHANGE_UNDER_WAY");
  expect(await ask(group, context, remove)).toBeNull();

  await group.run(5);
  expect(leader.driver.status().config.learners).toEqual([]);
  expect(leader.machine.view.tables.members.get(NEWCOMER)?.wanted).toBe(MemberKind.REMOVED);
  group.close();
});

test("a member that is no voter at the moment is replaced only by one that has caught up", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, founders());
  await group.propose(leader, newcomer());
  const lost = nodeId(leader.id === 1 ? 2 : 1);
  const change = (kind: "remove" | "add-learner", node: NodeId) =>
    leader.driver.changeConfiguration(
      { transition: "auto", changes: [{ kind, node }], context: new Uint8Array() },
      group.nowMs + 5_000,
    );
  await group.until(change("remove", lost));
  await group.until(change("add-learner", lost));
  const context = contextOf(group, leader);

  const replace: Change = { $case: "replace", value: { name: `n${lost}`, with: "n4" } };
  expect(await ask(group, context, replace)).toBe("MEMBER_NOT_CAUGHT_UP");
  group.close();
});

describe("a change whose leader died before it wrote its row, repeated under the index it was decided on", () => {
  /** A founded group, its leader, the index of its configuration and the number of a follower. */
  async function founded(): Promise<{ group: TestGroup; leader: Member; expected: number; old: NodeId }> {
    const group = new TestGroup(3);
    const leader = await group.leader();
    await group.propose(leader, founders());
    await group.propose(leader, newcomer());
    const expected = configurationIndex(contextOf(group, leader));
    return { group, leader, expected, old: nodeId(leader.id === 1 ? 2 : 1) };
  }

  const configure = (group: TestGroup, { driver }: Member, changes: readonly ConfOperation[]) =>
    group.until(
      driver.changeConfiguration(
        { transition: "auto", changes, context: new Uint8Array() },
        group.nowMs + 5_000,
      ),
    );

  const wantedOf = ({ machine }: Member, id: NodeId) => machine.view.tables.members.get(id)?.wanted;

  test("a removal is finished", async () => {
    const { group, leader, expected, old } = await founded();
    await configure(group, leader, [{ kind: "remove", node: old }]);
    const remove: Change = { $case: "remove", value: { name: `n${old}` } };
    expect(await ask(group, contextOf(group, leader), remove, { expected })).toBeNull();
    expect(wantedOf(leader, old)).toBe(MemberKind.REMOVED);
    group.close();
  });

  test("a replacement is finished, also after its first row", async () => {
    const { group, leader, expected, old } = await founded();
    await configure(group, leader, [{ kind: "add-learner", node: NEWCOMER }]);
    await configure(group, leader, [
      { kind: "add-voter", node: NEWCOMER },
      { kind: "remove", node: old },
    ]);
    const value = { nodeId: NEWCOMER, name: "n4", address: "127.0.0.1:4", wanted: MemberKind.VOTER };
    await group.propose(leader, { kind: { $case: "upsertMember", value } });
    const replace: Change = { $case: "replace", value: { name: `n${old}`, with: "n4" } };
    expect(await ask(group, contextOf(group, leader), replace, { expected })).toBeNull();
    expect(wantedOf(leader, old)).toBe(MemberKind.REMOVED);
    group.close();
  });

  test.each([
    { node: NEWCOMER, kind: "add-learner", why: "somebody else has come in" },
    { node: NEWCOMER, kind: "remove", why: "somebody else has gone" },
  ] as const)("a removal is refused when $why", async ({ node, kind }) => {
    const { group, leader, expected, old } = await founded();
    await configure(group, leader, [{ kind: "remove", node: old }]);
    await configure(group, leader, [{ kind, node }]);
    const remove: Change = { $case: "remove", value: { name: `n${old}` } };
    const context = contextOf(group, leader);
    expect(await ask(group, context, remove, { expected })).toBe("CONFIGURATION_CHANGED");
    expect(await ask(group, context, remove, { expected: expected - 1 })).toBe("CONFIGURATION_CHANGED");
    expect(wantedOf(leader, old)).toBe(MemberKind.VOTER);
    group.close();
  });
});

test("who opens a stream before the founders are written down is no founder", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  const context = contextOf(group, leader);
  const replica = { readmit: () => expect.fail("it is let in") };
  const request = { clusterId: "test", nodeId: NEWCOMER, restored: false, whole: false, knownVersion: 2 };
  const identity = { kind: "replica", id: NEWCOMER } as const;
  const asked = readmit(context, replica, request, { identity, deadline: group.nowMs + 5_000 }).then(
    () => null,
    (error: unknown) => readRpcError(error).reason,
  );
  expect(await group.until(asked)).toBe("MEMBER_UNKNOWN");
  group.close();
});

test("who was revoked while it waited for the leader to be sure is not let in again", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, founders());
  await group.propose(leader, newcomer());
  const denyList = new DenyList();
  const empty = Buffer.alloc(0);
  const tls = { ca: empty, cert: empty, key: empty, denyList };
  const fields = { subjectaltname: `URI:fleet://replica/${NEWCOMER}`, serialNumber: "A4" };
  const identity = identityOfSession(
    { destroyed: false, socket: { destroyed: false, getPeerCertificate: () => fields } },
    tls,
  );
  const replica = { readmit: () => expect.fail("it is let in") };
  const request = { clusterId: "test", nodeId: NEWCOMER, restored: false, whole: false, knownVersion: 2 };
  const context = { ...contextOf(group, leader), tls };
  const caller = { identity: present(identity, "the certificate names it"), deadline: group.nowMs + 5_000 };
  const asked = readmit(context, replica, request, caller).then(
    () => null,
    (error: unknown) => readRpcError(error).reason,
  );
  denyList.replace([{ subject: "A4", issuedBeforeMs: 0 }]);
  expect(await group.until(asked)).toBe("CERTIFICATE_REVOKED");
  group.close();
});

// Seed 5659: the row of a removal that was given up was applied behind an entry that let the member in again.
test("a change that was given up is under way until what it wrote is applied", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, founders());
  await group.propose(leader, newcomer());
  const context = contextOf(group, leader, () => group.network.isolate(leader.id));
  const remove: Change = { $case: "remove", value: { name: "n4" } };

  expect(await ask(group, context, remove, { timeoutMs: 100 })).toBe("NO_QUORUM");
  expect(context.changes.isUnderWay(leader.driver.status())).toBe(true);

  group.network.heal();
  await group.run(3);
  expect(leader.driver.status().role).toBe("leader");
  expect(context.changes.isUnderWay(leader.driver.status())).toBe(false);
  group.close();
});
