// What operators may do at real ports (ADR-0028): every mutating RPC, and every operation of Submit, without a role, with a
// role of another name, and with the right one; and that a role that is taken away wins no race.

import { type Client, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { Operation, type RoleRule } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ChangeMembershipRequest,
  type CoordinatorClient,
  CoordinatorService,
  FenceReplicaRequest,
  ListRequest,
  ReportShardRequest,
  RotateKeysRequest,
  SubmitRequest,
  TransferLeadershipRequest,
  type WriteAnswers,
  WriteBatch,
  WriteGroupRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { fromStatus, type RpcFailure, readRpcError, violationsOf } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { CoordinatorCluster } from "../integration/coordinator-cluster.ts";

const DEADLINE_MS = 60_000;
const ALICE = "fleet://operator/alice";

type Change = NonNullable<ChangeMembershipRequest["change"]>;
type Kind = NonNullable<Operation["kind"]>["$case"];
type Call = (client: CoordinatorClient) => Promise<void>;

interface Case {
  /** What it needs, each as "verb table name". */
  readonly needs: readonly string[];
  readonly call: Call;
}

const submits = ($case: Kind, value: object, ...needs: readonly string[]): Case => ({
  needs,
  call: (client) => send(client, "submit", submitted($case, value)),
});

const changes = (change: Change, dryRun: boolean, ...needs: readonly string[]): Case => ({
  needs,
  call: (client) => {
    const request = ChangeMembershipRequest.fromPartial({ change, dryRun });
    return send(client, "changeMembership", ChangeMembershipRequest.encode(request).finish());
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
    call: (client) => write(client, submitted("drainShard", { shardId: "a-1" })),
  },
  "Submit, a dry run": {
    needs: ["drain shard a-2"],
    call: (client) => send(client, "submit", submitted("drainShard", { shardId: "a-2" }, { dryRun: true })),
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
        ["revokeCertificate", { identity: "fleet://admin" }],
        ["unrevokeCertificate", { subject: "fleet://admin" }],
      ] as const
    ).map(([$case, value]) => [$case, { reason: "ADMINISTRATOR_ONLY", call: submits($case, value).call }]),
  ),
  ...Object.fromEntries(
    (["upsertMember", "removeMember", "noteTransfer", "recoverFleet", "raiseClusterVersion"] as const).map(
      ($case) => [$case, { reason: "OPERATION_RESERVED", call: submits($case, {}).call }],
    ),
  ),
  FenceReplica: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      send(client, "fenceReplica", FenceReplicaRequest.encode({ nodeName: "n1", reason: "" }).finish()),
  },
  RotateKeys: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      send(client, "rotateKeys", RotateKeysRequest.encode({ nodeName: "n1", reason: "" }).finish()),
  },
  WriteGroup: {
    reason: "PERMISSION_DENIED",
    call: (client) =>
      send(client, "writeGroup", WriteGroupRequest.encode({ groupId: 1, data: Buffer.of(1) }).finish()),
  },
  ReportShard: {
    reason: "PERMISSION_DENIED",
    call: (client) => {
      const report = ReportShardRequest.fromPartial({ shardId: "a-1", address: "h:1", epoch: 9 });
      return send(client, "reportShard", ReportShardRequest.encode(report).finish());
    },
  },
};

let cluster: CoordinatorCluster;
/** Closed with the cluster. */
let admin: FleetClient | undefined;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
  // Roles need the cluster version that all three know.
  await cluster.until((statuses) => statuses.every(({ clusterVersion }) => clusterVersion >= 2));
  for (const shardId of ["a-1", "a-2", "b-1"]) {
    await asAdmin("registerShard", { shardId, address: `${shardId}:1`, epoch: 1 });
  }
  await asAdmin("setRole", { name: "other", rules: [rule("drain shard b-1")] });
});
afterAll(() => cluster.dispose());

test.each(Object.entries(CASES))("%s", async (_, { needs, call }) => {
  const [first = ""] = needs;
  await allow([]);
  expect(await attempt(call)).toMatchObject(missing(first));
  for (const need of needs) {
    const others = needs.filter((other) => other !== need);
    await allow([...others, `${need}-x`]);
    expect(await attempt(call)).toMatchObject(missing(need));
  }
  await allow(needs);
  // A leader that has never heard of a shard asks for its report first, and what is not done for that was allowed.
  const after = await attempt(call);
  expect(["SHARD_UNHEARD", "SHARD_OBEYS", "MEMBER_NOT_CAUGHT_UP", null]).toContain(after?.reason ?? null);
});

test("TransferLeadership is judged by the node that it goes to, whoever chose it", async () => {
  const leader = await cluster.leader();
  const others = cluster.nodes.filter((node) => node !== leader).map(({ name }) => name);
  const to = (toNode: string) => (client: CoordinatorClient) =>
    send(
      client,
      "transferLeadership",
      TransferLeadershipRequest.encode(TransferLeadershipRequest.fromPartial({ toNode })).finish(),
    );
  await allow([`transfer leader ${leader.name}`, "add member *"]);
  const refused = await attempt(to(""));
  expect(refused).toMatchObject({ reason: "GRANT_MISSING", metadata: { verb: "transfer", table: "leader" } });
  expect(others).toContain(refused?.metadata["name"]);
  const [target = ""] = others;
  expect(await attempt(to(target))).toMatchObject(missing(`transfer leader ${target}`));
  expect((await cluster.leader()).name).toBe(leader.name);
  await allow([`transfer leader ${target}`]);
  expect(await attempt(to(target))).toBeNull();
  expect((await cluster.leader()).name).toBe(target);
});

test.each(Object.entries(NEVER))("%s is never an operator's", async (_, { reason, call }) => {
  await allow(["* * *"]);
  expect(await attempt(call)).toMatchObject({ reason });
});

test("a batch is refused whole, and each row that lacks a grant is named", async () => {
  await allow(["assign domain zone=d*", "use shard a-1"]);
  const moves = ["d1", "e1", "d2", "e2"].map((value) => ({ key: "zone", value, shardId: "a-1" }));
  const error = await thrown(submitCall("moveDomains", { moves }));
  expect(readRpcError(error)).toMatchObject(missing("assign domain zone=e1"));
  expect(violationsOf(error).map(({ row, reason }) => [row, reason])).toEqual([
    [1, "GRANT_MISSING"],
    [3, "GRANT_MISSING"],
  ]);
  expect(violationsOf(error)[0]?.message).toContain("may not assign domain zone=e1");
  const { domains } = await read((client) => client.listDomains.bind(client));
  expect(domains.filter(({ value }) => /^[de]/.test(value))).toEqual([]);
});

test("who is refused is in the leader's log, with identity, address and what was asked for, and is counted", async () => {
  await allow([]);
  const leader = await cluster.leader();
  // The same caller is told of once in ten seconds.
  const told = () => lines(cluster.log(leader)).filter(({ reason }) => reason === "GRANT_MISSING");
  await expect
    .poll(async () => {
      await attempt(submitCall("drainShard", { shardId: "b-1" }));
      return told();
    })
    .toContainEqual(
      expect.objectContaining({
        ...{ msg: "a caller was turned away", identity: ALICE, what: expect.stringMatching(/^\w+ \w+ \S+$/) },
        from: expect.stringMatching(/127\.0\.0\.1$/),
      }),
    );
});

test("the audit log names who did it", async () => {
  await allow(["activate shard a-1", "drain shard a-1"]);
  await attempt(submitCall("activateShard", { shardId: "a-1" }));
  expect(await attempt(submitCall("drainShard", { shardId: "a-1" }))).toBeNull();
  const { entries } = await read((client) => client.listAudit.bind(client));
  expect(entries.at(-1)).toMatchObject({ actor: ALICE, what: "drain shard a-1" });
});

test("a role that was revoked counts at no leader that comes after", async () => {
  await allow(["activate,drain shard a-1"]);
  expect(await attempt(submitCall("activateShard", { shardId: "a-1" }))).toBeNull();
  await asAdmin("revokeRole", { operator: "alice", role: "hers" });
  const leader = await cluster.leader();
  const rest = cluster.nodes.filter((node) => node !== leader);
  await cluster.kill(leader);
  // From the first moment: a new leader may not have applied the revocation when it is asked first.
  for (const tried of await Promise.all(
    rest.map(() => attempt(submitCall("drainShard", { shardId: "a-1" }), rest)),
  )) {
    expect(tried).toMatchObject(missing("drain shard a-1"));
  }
  await cluster.start(leader);
  await cluster.leader();
});

test("of writes that race with a revocation, none behind it in the log is done", async () => {
  await allow(["activate,drain shard a-2"]);
  let isOver = false;
  const racing = Array.from({ length: 8 }, async (_, at) => {
    for (let turn = at; !isOver; turn += 1) {
      await attempt(submitCall(turn % 2 === 0 ? "drainShard" : "activateShard", { shardId: "a-2" }));
    }
  });
  await asAdmin("revokeRole", { operator: "alice", role: "hers" });
  isOver = true;
  await Promise.all(racing);
  const { entries } = await read((client) => client.listAudit.bind(client));
  const revoked = entries.findLast(({ what }) => what === "revoke role hers from operator alice")?.index ?? 0;
  const hers = entries.filter(({ actor }) => actor === ALICE).map(({ index }) => index);
  expect(hers.filter((index) => index > revoked)).toEqual([]);
});

function submitCall($case: Kind, value: object): Call {
  return submits($case, value).call;
}

/** From now on alice may do this, and nothing else. */
async function allow(rules: readonly string[]): Promise<void> {
  if (rules.length === 0) {
    await asAdmin("revokeRole", { operator: "alice", role: "hers" });
    return;
  }
  await asAdmin("setRole", { name: "hers", rules: rules.map(rule) });
  await asAdmin("grantRole", { operator: "alice", role: "hers" });
}

function rule(text: string): RoleRule {
  const [verbs = "", tables = "", names = ""] = text.split(" ");
  return { verbs: verbs.split(","), tables: tables.split(","), names: names.split(",") };
}

/** What the refusal of the one permission says. */
function missing(need: string) {
  const [verb, table, name] = need.split(" ");
  return { reason: "GRANT_MISSING", metadata: { operator: "alice", verb, table, name } };
}

/** What the leader answers to alice; null = it was done. */
async function attempt(call: Call, nodes = cluster.nodes): Promise<RpcFailure | null> {
  const error = await thrown(call, nodes);
  return error === null ? null : readRpcError(error);
}

/** Asks who leads, and again while none does. */
async function thrown(call: Call, nodes = cluster.nodes): Promise<unknown> {
  for (;;) {
    const client = cluster.clientAs("operator-alice", await cluster.leader(nodes));
    try {
      await call(client);
      return null;
    } catch (error) {
      const { reason } = readRpcError(error);
      if (reason === null || !PASSING.has(reason)) return error;
    } finally {
      client.close();
    }
  }
}

const PASSING: ReadonlySet<string> = new Set([
  "NOT_LEADER",
  "NO_LEADER",
  "LEADERSHIP_LOST",
  "LEADERSHIP_TRANSFER",
  "OVERLOADED",
]);

const lines = (output: string): Record<string, unknown>[] =>
  output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));

async function asAdmin($case: Kind, value: object): Promise<void> {
  admin ??= cluster.client();
  await admin.submit(operation($case, value), { deadlineMs: DEADLINE_MS });
}

function operation($case: Kind, value: object): Operation {
  return Operation.fromPartial({ kind: { $case, value } as never });
}

function submitted($case: Kind, value: object, more: Partial<SubmitRequest> = {}): Uint8Array {
  return SubmitRequest.encode(
    SubmitRequest.fromPartial({ operation: operation($case, value), ...more } as never),
  ).finish();
}

type UnaryName =
  | "submit"
  | "transferLeadership"
  | "changeMembership"
  | "fenceReplica"
  | "rotateKeys"
  | "writeGroup"
  | "reportShard";

function send(client: Client, method: UnaryName, message: Uint8Array): Promise<void> {
  const { path } = CoordinatorService[method];
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + DEADLINE_MS };
    const done = (error: unknown) => (error === null ? resolve() : reject(error));
    client.makeUnaryRequest(
      path,
      Buffer.from,
      Buffer.from,
      Buffer.from(message),
      new Metadata(),
      options,
      done,
    );
  });
}

async function write(client: CoordinatorClient, request: Uint8Array): Promise<void> {
  const stream = client.write(new Metadata(), { deadline: Date.now() + DEADLINE_MS });
  const answered = new Promise<WriteAnswers>((resolve, reject) => {
    stream.on("data", resolve);
    stream.on("error", reject);
  });
  stream.write(WriteBatch.fromPartial({ items: [{ tag: 1, request }] }));
  const [answer] = (await answered).answers;
  stream.end();
  const outcome = present(answer?.outcome, "an answer says what came of it");
  if (outcome.$case === "refusal") throw fromStatus(outcome.value);
}

async function read<Response>(
  method: (client: CoordinatorClient) => Parameters<typeof unary<ListRequest, Response>>[0],
): Promise<Response> {
  const { client } = await cluster.leader();
  return await unary(method(client), ListRequest.fromPartial({}), { endMs: performance.now() + DEADLINE_MS });
}
