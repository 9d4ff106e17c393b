// Members' numbers are bounded: a change of the configuration that names a larger number than followers can read would stop
// the fleet for good.

import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { readmit } from "../../../../src/core/coordinator/membership/readmit.ts";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, ledGroup, refusalOf } from "../service-context.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;

/** Beyond what the messages of Raft can carry. */
const HUGE = Number.MAX_SAFE_INTEGER;
const BOUND = 2 ** 31 - 1;

const row = (id: number, name = `n${id}`, wanted: MemberKind = MemberKind.LEARNER): Operation => ({
  kind: { $case: "upsertMember", value: { nodeId: id, name, address: `${name}:1`, wanted } },
});
const add = (id: number, name: string): Change => ({
  $case: "add",
  value: { nodeId: id, name, address: `${name}:1`, learner: true },
});

/** A founded group under cluster version 1, whose table takes any number. */
async function founded(...rows: readonly Operation[]) {
  const made = await ledGroup(3);
  const { group, leader } = made;
  for (const id of [1, 2, 3]) await group.propose(leader, row(id, `n${id}`, MemberKind.VOTER));
  for (const each of rows) await group.propose(leader, each);
  const change = (asked: Change) => {
    const request = { change: asked, reason: "", dryRun: false };
    return made.context.changes.change(made.context, request, adminOf(group));
  };
  return { ...made, change };
}

/** Writes are committed, and all replicas have them. */
async function expectAlive(group: TestGroup, leader: Member): Promise<void> {
  const probe = { $case: "recordProbe", value: { drillId: "d", number: 1 } } as const;
  expect(await group.propose(leader, { kind: probe })).toMatchObject({ ok: true });
  await group.run(5);
  const { commit } = leader.driver.status();
  for (const { driver } of group.members) expect(driver.appliedIndex).toBe(commit);
}

test.each([2 ** 31, 2 ** 52 + 1, HUGE])("number %d is refused before it is an entry", async (number) => {
  const { group, leader, change } = await founded();
  const { lastIndex } = leader.driver.status();
  const error = await group.until(change(add(number, "x1")).catch(readRpcError));
  expect(error).toMatchObject({ reason: "INVALID_MEMBER", code: 3, metadata: { field: "number" } });
  expect(error).toMatchObject({ message: expect.stringContaining(`from 1 to ${BOUND}`) });
  expect(leader.driver.status().lastIndex).toBe(lastIndex);
  group.close();
});

test.each([
  { rows: [], is: 4, why: "the one above all" },
  { rows: [row(7)], is: 8, why: "the one above all, also where some are free" },
  { rows: [row(HUGE, "x1")], is: 4, why: "one beyond the bound does not count" },
  { rows: [row(BOUND, "x1"), row(4)], is: 5, why: "the lowest that was never used, where none is above" },
])("without a number a member gets $is: $why", async ({ rows, is }) => {
  const { group, change } = await founded(...rows);
  expect(await group.until(change(add(0, "fresh")))).toMatchObject({ changed: true, member: { nodeId: is } });
  group.close();
});

test.each([2 ** 40, HUGE])("a row of number %d is removed, and the fleet lives on", async (number) => {
  const { group, leader, change } = await founded(row(number, "x1"));
  expect(await group.until(change({ $case: "remove", value: { name: "x1" } }))).toMatchObject({
    ...{ changed: true, member: { wanted: MemberKind.REMOVED } },
  });
  expect(leader.machine.view.tables.members.get(number)?.wanted).toBe(MemberKind.REMOVED);
  await expectAlive(group, leader);
  group.close();
});

test("a row beyond the bound can be replaced, and takes nobody's place", async () => {
  const { group, leader, change } = await founded(row(HUGE, "x1"), row(4));
  const by = (name: string, fresh: string) => change({ $case: "replace", value: { name, with: fresh } });
  expect(await refusalOf(group, by("n4", "x1"))).toBe("INVALID_MEMBER");
  expect(await refusalOf(group, change({ $case: "promote", value: { name: "x1" } }))).toBe("INVALID_MEMBER");
  expect(await refusalOf(group, by("x1", "n4"))).toBe("");
  expect(leader.machine.view.tables.members.get(HUGE)?.wanted).toBe(MemberKind.REMOVED);
  await expectAlive(group, leader);
  group.close();
});

test("who has a number beyond the bound is not let in, and is told why", async () => {
  const { group, leader, context } = await founded(row(HUGE, "x1"));
  const replica = { readmit: () => expect.fail("it is let in") };
  const request = { clusterId: "test", nodeId: HUGE, restored: false, whole: false, knownVersion: 2 };
  const caller = { identity: { kind: "replica", id: nodeId(HUGE) }, deadline: group.nowMs + 5_000 } as const;
  expect(await refusalOf(group, readmit(context, replica, request, caller))).toBe("INVALID_MEMBER");
  await expectAlive(group, leader);
  group.close();
});

test("a change of the configuration that its receivers would drop is refused", async () => {
  const { group, leader } = await founded();
  const changes = [{ kind: "remove", node: nodeId(HUGE) }] as const;
  const change = { transition: "auto", changes, context: new Uint8Array() } as const;
  const asked = leader.driver.changeConfiguration(change, group.nowMs + 5_000);
  expect(await group.until(asked)).toEqual({ ok: false, refusal: "change-malformed" });
  await expectAlive(group, leader);
  group.close();
});
