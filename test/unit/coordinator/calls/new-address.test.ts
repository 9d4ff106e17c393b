// Addresses at the leader's door. What is no host:port never becomes a log entry. What the tables hold already, since
// an earlier version let it in, may stay.

import { afterEach, beforeEach, expect, test } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import type { ServiceContext } from "../../../../src/core/coordinator/calls/context.ts";
import { submit } from "../../../../src/core/coordinator/services/writes/submit.ts";
import { MemberKind, type Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { SubmitRequest } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { Member, TestGroup } from "../group.ts";
import { adminOf, contextOf, ledGroup, refusalOf } from "../service-context.ts";

let group: TestGroup;
let leader: Member;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, leader, context } = await ledGroup(3));
});
afterEach(() => group.close());

type Kind = NonNullable<Operation["kind"]>;

const shard = (address: string, epoch = 1): Kind => ({
  $case: "registerShard",
  value: { shardId: "s1", address, epoch, region: "", zone: "" },
});
const provider = (address: string, declaredQuota = 9): Kind => ({
  $case: "upsertProvider",
  value: { name: "aws", address, region: "", declaredQuota, keepRegion: false },
});

/** What came of it: null when it was accepted, otherwise the reason and the words. */
function outcome(kind: Kind, { dryRun = false, at = context } = {}): Promise<string | null> {
  const request = SubmitRequest.fromPartial({ operation: { kind }, dryRun });
  const done = submit(at, request, adminOf(group)).then(
    () => null,
    (error: unknown) => `${readRpcError(error).reason}: ${readRpcError(error).message}`,
  );
  return group.until(done);
}

const REFUSED = 'INVALID_ADDRESS: "nonsense" is no host:port address';

test.each([
  { what: "a shard", kind: shard },
  { what: "a provider", kind: provider },
])("$what at no address is refused, and no entry is written; the dry run says so too", async ({ kind }) => {
  const before = leader.machine.view.appliedIndex;
  expect(await outcome(kind("nonsense"), { dryRun: true })).toBe(REFUSED);
  expect(await outcome(kind("nonsense"))).toBe(REFUSED);
  expect(leader.machine.view.appliedIndex).toBe(before);
  expect(await outcome(kind("h:1"))).toBe(null);
});

test("a row that holds such an address already, from an earlier version, can be changed and keep it", async () => {
  await group.propose(leader, { kind: shard("nonsense") });
  await group.propose(leader, { kind: provider("nonsense") });
  expect(await outcome(shard("nonsense", 2)), "the shard starts again").toBe(null);
  expect(await outcome(provider("nonsense", 10))).toBe(null);
  expect(await outcome(provider("rubbish"))).toContain("INVALID_ADDRESS");
});

test("a replica that does not lead sends the caller to the leader, who knows what the row has", async () => {
  const follower = present(
    group.members.find(({ id }) => id !== leader.id),
    "a group has followers",
  );
  expect(await outcome(provider("nonsense"), { at: contextOf(group, follower) })).toContain("NOT_LEADER");
});

test("an entry of an earlier version is applied as it was then", async () => {
  await group.propose(leader, { kind: provider("nonsense") });
  expect(leader.machine.view.tables.providers.get("aws")?.address).toBe("nonsense");
});

test("a member is not added at no address", async () => {
  const members = [1, 2, 3].map((id) => ({
    ...{ nodeId: id, name: `n${id}`, address: `127.0.0.1:${id}` },
    ...{ wanted: MemberKind.VOTER, version: 0, sinceMs: 0 },
  }));
  await group.propose(leader, { kind: { $case: "foundMembers", value: { members } } });
  const value = { name: "n9", address: "nonsense", nodeId: 0, learner: true };
  const request = { change: { $case: "add", value } as const, expectedConfigurationIndex: undefined };
  const asked = context.changes.change(context, { ...request, reason: "", dryRun: false }, adminOf(group));
  expect(await refusalOf(group, asked)).toBe("INVALID_ADDRESS");
  const rows = [...leader.machine.view.tables.members.rows()];
  expect(rows.filter(({ wanted }) => wanted === MemberKind.LEARNER)).toEqual([]);
});
