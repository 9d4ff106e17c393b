// Revocations at a real leader that are sent at once: each is judged with what the others before it have done.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import { type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { denialOf } from "../../../../src/core/coordinator/revocation/deny-by-table.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import { KNOWN_VERSION } from "../../../../src/core/fleet/format.ts";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;

beforeEach(async () => {
  const led = await ledGroup(3);
  group = led.group;
  leader = led.leader;
  await group.propose(leader, {
    kind: { $case: "raiseClusterVersion", value: { version: KNOWN_VERSION, announced: [] } },
  });
  const members = [1, 2, 3].map((id) => ({
    ...{ nodeId: id, name: `n${id}`, address: `127.0.0.1:${id}` },
    ...{ wanted: MemberKind.VOTER, version: 0, sinceMs: 0 },
  }));
  await group.propose(leader, { kind: { $case: "foundMembers", value: { members } } });
  const denyList = new DenyList();
  const { machine } = leader;
  machine.onApplied(() => denyList.replace([...machine.view.tables.revocations.rows()].map(denialOf)));
  const certificate = (id: NodeId) => ({
    serial: `A${id}`,
    uri: `fleet://replica/${id}`,
    notBeforeMs: -1_000,
  });
  const empty = Buffer.alloc(0);
  context = {
    ...led.context,
    tls: { ca: empty, cert: empty, key: empty, denyList },
    servedBy: async (id) => certificate(id),
  };
});
afterEach(() => group.close());

const followers = (): NodeId[] => [1, 2, 3].map(nodeId).filter((id) => id !== leader.id);

function revoke(subject: string, timeoutMs = 5_000): Promise<unknown> {
  const value = { subject, issuedBeforeMs: 0, holder: "", endsAtMs: 0 };
  const operation: Operation = { kind: { $case: "revokeCertificate", value } };
  const outside = OUTSIDE_SESSIONS;
  const request = { ...outside, operation, reason: "", dryRun: false, incarnation: "" };
  return submit(context, request, { ...adminOf(group), deadline: group.nowMs + timeoutMs });
}

const remove = (id: NodeId): Promise<unknown> =>
  context.changes.change(
    context,
    {
      change: { $case: "remove", value: { name: `n${id}` } },
      expectedConfigurationIndex: undefined,
      reason: "",
      dryRun: false,
    },
    adminOf(group),
  );

const revoked = () => [...leader.machine.view.tables.revocations.rows()].map(({ subject }) => subject);

test("one of two is told to come again, and then that it would end the quorum", async () => {
  const [one, other] = followers() as [NodeId, NodeId];
  const both = [refusalOf(group, revoke(`A${one}`)), refusalOf(group, revoke(`A${other}`))];
  expect(await Promise.all(both)).toEqual(["", "REVOCATION_UNDER_WAY"]);
  expect(await refusalOf(group, revoke(`A${other}`))).toBe("REVOCATION_ENDS_QUORUM");
  expect(revoked()).toEqual([`A${one}`]);
});

test.each([
  { who: "a follower", revokes: (): string => `A${followers()[0]}` },
  { who: "the leader itself", revokes: (): string => `A${leader.id}` },
])(
  "$who that was revoked counts in no quorum that a removal leaves, though it answers",
  async ({ revokes }) => {
    expect(await refusalOf(group, revoke(revokes()))).toBe("");
    expect(await refusalOf(group, remove(present(followers()[1], "there are two followers")))).toBe(
      "QUORUM_WOULD_BE_LOST",
    );
  },
);

test("none begins beside a change of the membership, and no change beside one", async () => {
  const [one, other] = followers() as [NodeId, NodeId];
  const first = [refusalOf(group, revoke(`A${one}`)), refusalOf(group, remove(other))];
  expect(await Promise.all(first)).toEqual(["", "REVOCATION_UNDER_WAY"]);
  // While the removal looks who answers.
  let beside: Promise<string> | undefined;
  context = {
    ...context,
    answers: () => {
      beside ??= refusalOf(group, revoke(`A${other}`));
      return true;
    },
  };
  expect(await refusalOf(group, remove(one))).toBe("");
  expect(await beside).toBe("MEMBERSHIP_CHANGE_UNDER_WAY");
});

test("one whose outcome is unknown counts until it is known", async () => {
  const [one, other] = followers() as [NodeId, NodeId];
  const { servedBy } = context;
  // Its entry is in the leader's log, and no follower hears of it before its time is over.
  context = {
    ...context,
    servedBy: (id) => {
      group.network.isolate(leader.id);
      return servedBy(id);
    },
  };
  expect(await refusalOf(group, revoke(`A${one}`, 100))).toBe("NO_QUORUM");
  expect(revoked()).toEqual([]);
  expect(context.changes.isUnderWay(leader.driver.status())).toBe(true);
  group.network.heal();
  context = { ...context, servedBy };
  expect(await refusalOf(group, revoke(`A${other}`))).toBe("REVOCATION_ENDS_QUORUM");
  expect(revoked()).toEqual([`A${one}`]);
  expect(context.changes.isUnderWay(leader.driver.status())).toBe(false);
});
