// What operators may do at real ports (ADR-0028). The test calls every mutating RPC, and every operation of Submit.
// It does so without a role, with a role of another name, and with the right one.

import { afterAll, beforeAll, expect, test } from "vitest";
import { GroupKind } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ChangeMembershipRequest,
  CreateGroupRequest,
  FenceReplicaRequest,
  ReportShardRequest,
  RotateKeysRequest,
  WriteGroupRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError, violationsOf } from "../../src/core/wire/rpc-error.ts";
import { type Call, type Kind, missing, OperatorFleet, submitCall, submitted } from "./operator-fleet.ts";
import { listAtLeader, sendUnary, sendWrite } from "./raw-requests.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;

interface Case {
  /** What it needs, each as "verb table name". */
  readonly needs: readonly string[];
  readonly call: Call;
}

const submits = ($case: Kind, value: object, ...needs: readonly string[]): Case => ({
  needs,
  call: submitCall($case, value),
});

const changes = (change: Change, dryRun: boolean, ...needs: readonly string[]): Case => ({
  needs,
  call: (client) => {
    const request = ChangeMembershipRequest.fromPartial({ change, dryRun });
    return sendUnary(client, "changeMembership", ChangeMembershipRequest.encode(request).finish());
  },
});

/** In this order they can all be done. */
const CASES: Readonly<Record<string, Case>> = {
  registerShard: submits("registerShard", { shardId: "a-3", address: "h:3", epoch: 1 }, "register shard a-3"),
  bindCluster: submits(
    "bindCluster",
    { clusterId: "a1", shardId: "a-1" },
    ...["bind cluster a1", "use shard a-1"],
  ),
  beginRebind: submits(
    "beginRebind",
    { clusterId: "a1", fromShard: "a-1", toShard: "a-2", migrationId: "m1" },
    ...["rebind cluster a1", "use shard a-2"],
  ),
  settleRebind: submits("settleRebind", { clusterId: "a1", migrationId: "m1" }, "rebind cluster a1"),
  labelCluster: submits(
    "labelCluster",
    { clusterId: "a1", change: { set: { team: "a" } } },
    "label cluster a1",
  ),
  unbindCluster: submits("unbindCluster", { clusterId: "a1", force: true }, "unbind cluster a1"),
  assignDomain: submits(
    "assignDomain",
    { key: "zone", value: "a", shardId: "a-1" },
    ...["assign domain zone=a", "use shard a-1"],
  ),
  unassignDomain: submits("unassignDomain", { key: "zone", value: "a" }, "unassign domain zone=a"),
  moveDomains: submits(
    "moveDomains",
    { moves: ["b", "c"].map((value) => ({ key: "zone", value, shardId: "a-2" })) },
    ...["assign domain zone=b", "assign domain zone=c", "use shard a-2"],
  ),
  drainShard: submits("drainShard", { shardId: "a-3" }, "drain shard a-3"),
  activateShard: submits("activateShard", { shardId: "a-3" }, "activate shard a-3"),
  "removeShard, by force": submits("removeShard", { shardId: "a-3", force: true }, "force-remove shard a-3"),
  removeShard: submits("removeShard", { shardId: "a-3" }, "remove shard a-3"),
  labelShard: submits("labelShard", { shardId: "a-1", change: { set: { team: "a" } } }, "label shard a-1"),
  forgetShard: submits("forgetShard", { shardId: "a-3" }, "remove shard a-3"),
  adoptShard: submits("adoptShard", { shardId: "a-1", givenUp: { id: "x" } }, "adopt shard a-1"),
  upsertProvider: submits(
    "upsertProvider",
    { name: "aws", address: "h:1", declaredQuota: 10 },
    "set provider aws",
  ),
  setQuota: submits("setQuota", { provider: "aws", region: "eu", limit: 5 }, "set quota aws/eu"),
  removeQuota: submits("removeQuota", { provider: "aws", region: "eu" }, "remove quota aws/eu"),
  removeProvider: submits("removeProvider", { name: "aws" }, "remove provider aws"),
  setFeatureGate: submits(
    "setFeatureGate",
    { name: "first-contact", enabled: true },
    "set gate first-contact",
  ),
  recordProbe: submits("recordProbe", { drillId: "d1", number: 1 }, "run drill d1"),
  clearProbes: submits("clearProbes", { drillId: "d1" }, "run drill d1"),
  "Write, a stream": {
    needs: ["drain shard a-1"],
    call: (client) => sendWrite(client, submitted("drainShard", { shardId: "a-1" })),
  },
  "Submit, a dry run": {
    needs: ["drain shard a-2"],
    call: submitCall("drainShard", { shardId: "a-2" }, { dryRun: true }),
  },
  "ChangeMembership, add": changes(
    { $case: "add", value: { nodeId: 9, name: "x9", address: "x9:1", learner: true } },
    false,
    "add member x9",
  ),
  "ChangeMembership, promote": changes(
    { $case: "promote", value: { name: "x9" } },
    true,
    "promote member x9",
  ),
  "ChangeMembership, replace": changes(
    { $case: "replace", value: { name: "n1", with: "x9" } },
    true,
    "promote member x9",
    "remove member n1",
  ),
  "ChangeMembership, remove": changes({ $case: "remove", value: { name: "x9" } }, false, "remove member x9"),
};

/** Nothing gives these: they stay with administrators, and with those whose RPC it is. */
const NEVER: Readonly<Record<string, { readonly reason: string; readonly call: Call }>> = {
  ...Object.fromEntries(
    (
      [
        ["setRole", { name: "hers", rules: [{ verbs: ["*"], tables: ["*"], names: ["*"] }] }],
        ["deleteRole", { name: "hers" }],
        ["grantRole", { operator: "alice", role: "other" }],
        ["revokeRole", { operator: "bob", role: "other" }],
        ["noteRebuild", { nodeId: 1, name: "n1" }],
        ["noteKeyRotation", { nodeId: 1, name: "n1" }],
        ["noteLogLevel", { nodeId: 1, name: "n1", level: 1 }],
        ["noteFence", { name: "n1" }],
        ["setKeyRetention", { windowMs: 0, revisionsMax: 1_000 }],
        ["revokeCertificate", { identity: "fleet://admin" }],
        ["unrevokeCertificate", { subject: "fleet://admin" }],
      ] as const
    ).map(([$case, value]) => [$case, { reason: "ADMINISTRATOR_ONLY", call: submitCall($case, value) }]),
  ),
  ...Object.fromEntries(
    (
      [
        ...["upsertMember", "removeMember", "noteTransfer", "recoverFleet"],
        ...["raiseClusterVersion", "createGroup", "foundGroups"],
      ] as const
    ).map(($case) => [$case, { reason: "OPERATION_RESERVED", call: submitCall($case, {}) }]),
  ),
  FenceReplica: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      sendUnary(
        client,
        "fenceReplica",
        FenceReplicaRequest.encode({ nodeName: "n1", reason: "", entryIndex: 1 }).finish(),
      ),
  },
  RotateKeys: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      sendUnary(
        client,
        "rotateKeys",
        RotateKeysRequest.encode({ nodeName: "n1", reason: "", entryIndex: 1 }).finish(),
      ),
  },
  CreateGroup: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      sendUnary(
        client,
        "createGroup",
        CreateGroupRequest.encode({ kind: GroupKind.TALLY, groupId: 0, reason: "" }).finish(),
      ),
  },
  WriteGroup: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      sendUnary(client, "writeGroup", WriteGroupRequest.encode({ groupId: 1, data: Buffer.of(1) }).finish()),
  },
  ReportShard: {
    reason: "PERMISSION_DENIED",
    call: (client) => {
      const report = ReportShardRequest.fromPartial({ shardId: "a-1", address: "h:1", epoch: 9 });
      return sendUnary(client, "reportShard", ReportShardRequest.encode(report).finish());
    },
  },
};

let fleet: OperatorFleet;

beforeAll(async () => {
  fleet = await OperatorFleet.start();
});
afterAll(() => fleet?.dispose());

test.each(Object.entries(CASES))("%s", async (_, { needs, call }) => {
  const [first = ""] = needs;
  await fleet.allow([]);
  expect(await fleet.attempt(call)).toMatchObject(missing(first));
  for (const need of needs) {
    const others = needs.filter((other) => other !== need);
    await fleet.allow([...others, `${need}-x`]);
    expect(await fleet.attempt(call)).toMatchObject(missing(need));
  }
  await fleet.allow(needs);
  // A leader that has never heard of a shard asks for its report first, and what is not done for that was allowed.
  const after = await fleet.attempt(call);
  expect(["SHARD_UNHEARD", "SHARD_HEARD", "SHARD_OBEYS", "MEMBER_NOT_CAUGHT_UP", null]).toContain(
    after?.reason ?? null,
  );
});

test.each(Object.entries(NEVER))("%s is never an operator's", async (_, { reason, call }) => {
  await fleet.allow(["* * *"]);
  expect(await fleet.attempt(call)).toMatchObject({ reason });
});

test("a batch is refused whole, and each row that lacks a grant is named", async () => {
  await fleet.allow(["assign domain zone=d*", "use shard a-1"]);
  const moves = ["d1", "e1", "d2", "e2"].map((value) => ({ key: "zone", value, shardId: "a-1" }));
  const error = await fleet.thrown(submitCall("moveDomains", { moves }));
  expect(readRpcError(error)).toMatchObject(missing("assign domain zone=e1"));
  expect(violationsOf(error).map(({ row, reason }) => [row, reason])).toEqual([
    [1, "GRANT_MISSING"],
    [3, "GRANT_MISSING"],
  ]);
  expect(violationsOf(error)[0]?.message).toContain("may not assign domain zone=e1");
  const { domains } = await listAtLeader(fleet.cluster, (client) => client.listDomains.bind(client));
  expect(domains.filter(({ value }) => /^[de]/.test(value))).toEqual([]);
});
