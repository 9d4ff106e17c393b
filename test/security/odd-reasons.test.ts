// No change without its entry in the audit log. The test calls every mutating RPC of a coordinator with every odd
// reason, as bytes at a real port. (Issue 11, audit evasion: a transfer with an overlong reason succeeded without an
// entry.) Those of etcd's API have no reasons: audit-of-etcd-api.test.ts.

import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { coordinatorRules, faultRules } from "../../src/core/coordinator/services/rules.ts";
import { GroupKind, type Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ChangeMembershipRequest,
  type CoordinatorClient,
  CreateGroupRequest,
  CreateGroupResponse,
  FenceReplicaRequest,
  RotateKeysRequest,
  SubmitRequest,
  SubmitResponse,
  TransferLeadershipRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type ClusterNode, CoordinatorCluster } from "../integration/coordinator-cluster.ts";
import { registerShard } from "../integration/fleet-writes.ts";
import { DEADLINE_MS, listAtLeader, sendUnary, sendWrite, type UnaryName } from "./raw-requests.ts";

type Kind = NonNullable<Operation["kind"]>;

const REASONS: Readonly<Record<string, Uint8Array>> = {
  none: Buffer.alloc(0),
  "as long as can be": Buffer.alloc(1_024, "r"),
  "too long": Buffer.alloc(1_025, "r"),
  "a megabyte": Buffer.alloc(1_048_576, "r"),
  "long in bytes": Buffer.from("é".repeat(513)),
  "control characters": Buffer.from("a\u0000b\u001b[2J\u0007\r\n\u009b"),
  "bidirectional controls": Buffer.from("\u202eabc\u2066"),
  "a lone surrogate": Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x62]),
  "no UTF-8": Buffer.alloc(300, 0xff),
  "no UTF-8, too long once it is read": Buffer.alloc(1_000, 0xff),
};

let cluster: CoordinatorCluster;
beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, encrypted: true });
  await settled();
});
afterAll(() => cluster.dispose());

let made = 0;
const fresh = (): string => {
  made += 1;
  return `x${made}`;
};

/** What changes the fleet, with a reason of so many bytes, and how to see whether it did. */
interface Mutation {
  readonly call: (leader: ClusterNode, reason: Uint8Array) => Promise<unknown>;
  /** Anything that differs once it has changed something. */
  readonly state: () => Promise<string>;
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  Submit: {
    call: ({ client }, reason) =>
      send(client, "submit", reason, (text) => submitted(registerShard(fresh()), text)),
    state: shards,
  },
  Write: { call: ({ client }, reason) => write(client, reason), state: shards },
  TransferLeadership: {
    call: ({ client }, reason) =>
      send(client, "transferLeadership", reason, (text) =>
        TransferLeadershipRequest.encode(TransferLeadershipRequest.fromPartial({ reason: text })).finish(),
      ),
    state: async () => (await cluster.leader()).name,
  },
  "ChangeMembership, add": {
    call: ({ client }, reason) => {
      const name = fresh();
      const change = {
        $case: "add",
        value: { nodeId: 0, name, address: `${name}:1`, learner: true },
      } as const;
      return changeMembership(client, reason, change);
    },
    state: members,
  },
  "ChangeMembership, remove": {
    call: async (leader, reason) => {
      const last = (await memberRows()).findLast(({ name }) => name.startsWith("x"));
      await changeMembership(leader.client, reason, { $case: "remove", value: { name: last?.name ?? "x" } });
    },
    state: members,
  },
  CreateGroup: {
    call: async ({ client }, reason) => {
      const encode = (text: string) =>
        CreateGroupRequest.encode({ kind: GroupKind.TALLY, groupId: 0, reason: text }).finish();
      const { groupId } = CreateGroupResponse.decode(await send(client, "createGroup", reason, encode));
      await expect.poll(async () => (await groups()).split(",")).toContain(String(groupId));
    },
    state: () => groups(),
  },
  RotateKeys: {
    call: async (leader, reason) =>
      rotate(leader.client, leader.name, await order(leader.client, reason, rotation(leader))),
    state: keys,
  },
};

/** Methods that change something, and have no entry of their own. */
const WITHOUT_ENTRY: Readonly<Record<string, string>> = {
  writeGroup: "the other groups have no audit log",
  reportShard: "what follows from a report is written as operations, with reasons of the leader's own",
  injectFault: "integration/faults: it needs the entry of a drill that names the replica",
  clearFaults: "ADR-0034: it ends what an entry began, where a replica that is cut off reads no new entry",
  fenceReplica: "below: it can be done only once",
  watchRevocations: "it is a read",
  listFaults: "it is a read",
};

const IDENTITIES = { admin: { kind: "admin" }, readonly: { kind: "readonly" } } as const;

const cases = Object.keys(MUTATIONS).flatMap((rpc) =>
  Object.keys(REASONS).map((reason) => ({ rpc, reason })),
);

test.each(cases)("$rpc with $reason: a change and its entry, or neither", async ({ rpc, reason }) => {
  const mutation = present(MUTATIONS[rpc], "a row");
  const bytes = present(REASONS[reason], "a row");
  const [before, entries] = [await mutation.state(), await auditCount()];
  const refusal = await mutation.call(await cluster.leader(), bytes).then(
    () => null,
    (error: unknown) => readRpcError(error).reason ?? "refused",
  );
  const hasChanged = (await mutation.state()) !== before;
  expect((await auditCount()) - entries).toBe(hasChanged ? 1 : 0);
  const isTooLong = Buffer.byteLength(new TextDecoder().decode(bytes)) > 1_024;
  // So large a message may be refused before it is read.
  const wanted = bytes.length > 100_000 ? expect.anything() : isTooLong ? "REASON_TOO_LONG" : null;
  expect({ refusal, hasChanged }).toEqual({ refusal: wanted, hasChanged: !isTooLong });
});

test("every method that changes something is among them", () => {
  const changes = Object.entries({ ...coordinatorRules, ...faultRules }).flatMap(([method, { allow }]) =>
    allow(IDENTITIES.admin) && !allow(IDENTITIES.readonly) ? [method] : [],
  );
  const tested = new Set(Object.keys(MUTATIONS).map((name) => name.split(",")[0]?.toLowerCase()));
  const untested = changes.filter((method) => !tested.has(method.toLowerCase()));
  expect(untested.sort()).toEqual(Object.keys(WITHOUT_ENTRY).sort());
});

test("without an entry of its own, nothing is rotated", async () => {
  const { client, ...leader } = await cluster.leader();
  const other = present(
    cluster.nodes.find(({ id }) => id !== leader.id),
    "a follower",
  );
  const reason = Buffer.from("r");
  const used = await order(client, reason, rotation({ client, ...leader }));
  await rotate(client, leader.name, used);
  const entries = {
    none: 0,
    "used already": used,
    "another node's": await order(client, reason, rotation(other)),
    "for something else": await order(client, reason, { $case: "noteFence", value: { name: leader.name } }),
    "a shard's registration": SubmitResponse.decode(
      await sendUnary(client, "submit", submitted(registerShard(fresh()), "r")),
    ).index,
  };
  const before = await keys();
  for (const [why, index] of Object.entries(entries)) {
    const refusal = await rotate(client, leader.name, index).then(
      () => null,
      (error: unknown) => readRpcError(error).reason,
    );
    expect({ why, refusal }).toEqual({ why, refusal: "AUDIT_ENTRY_MISSING" });
  }
  expect(await keys()).toBe(before);
});

test.each(Object.keys(REASONS))("a fence with %s: it and its entry, or neither", async (name) => {
  const { client } = await cluster.leader();
  const reason = present(REASONS[name], "a row");
  const entries = await auditCount();
  // A replica is fenced for good, so only its entry is written here.
  const ordered = await order(client, reason, { $case: "noteFence", value: { name: "n9" } }).then(
    () => 1,
    () => 0,
  );
  expect((await auditCount()) - entries).toBe(ordered);
  for (const { client: follower, name: nodeName } of cluster.nodes) {
    const direct = send(follower, "fenceReplica", reason, (text) =>
      FenceReplicaRequest.encode({ nodeName, reason: text, entryIndex: 0 }).finish(),
    );
    await expect(direct).rejects.toThrow();
  }
  const statuses = await cluster.statuses();
  expect(statuses.map((status) => status?.stateDoubt?.fenced ?? false)).toEqual([false, false, false]);
});

test("a replica is fenced by its entry, and shows the entry's reason", async () => {
  const leader = await cluster.leader();
  const other = present(
    cluster.nodes.find((node) => node !== leader),
    "a follower",
  );
  const index = await order(leader.client, Buffer.from("it differs"), {
    $case: "noteFence",
    value: { name: other.name },
  });
  await fence(other.client, other.name, index);
  expect((await cluster.status(other))?.stateDoubt).toMatchObject({ fenced: true, detail: "it differs" });
  const { entries } = await listAtLeader(cluster, (client) => client.listAudit.bind(client));
  expect(entries.at(-1)).toMatchObject({ index, what: `fence node ${other.name}`, reason: "it differs" });
});

/** Sends the message that `encode` makes of a text, with `reason` in the text's place. */
const send = (
  client: CoordinatorClient,
  method: UnaryName,
  reason: Uint8Array,
  encode: (placeholder: string) => Uint8Array,
) => sendUnary(client, method, withReason(reason, encode));

function withReason(reason: Uint8Array, encode: (placeholder: string) => Uint8Array): Uint8Array {
  const placeholder = "Z".repeat(reason.length);
  const message = Buffer.from(encode(placeholder));
  if (reason.length > 0) Buffer.from(reason).copy(message, message.indexOf(placeholder));
  return message;
}

/** The numbers of the groups that are open at the leader. */
async function groups(): Promise<string> {
  const { client } = await cluster.leader();
  const endMs = performance.now() + 5_000;
  const open = await unary(client.listGroups.bind(client), {}, { endMs });
  return open.groups.map(({ groupId }) => groupId).join();
}

function changeMembership(
  client: CoordinatorClient,
  reason: Uint8Array,
  change: NonNullable<ChangeMembershipRequest["change"]>,
): Promise<unknown> {
  return send(client, "changeMembership", reason, (text) =>
    ChangeMembershipRequest.encode(ChangeMembershipRequest.fromPartial({ change, reason: text })).finish(),
  );
}

async function write(client: CoordinatorClient, reason: Uint8Array): Promise<void> {
  const encode = (text: string) => submitted(registerShard(fresh()), text);
  await sendWrite(client, withReason(reason, encode));
}

const submitted = (operation: Operation, reason: string) =>
  SubmitRequest.encode(SubmitRequest.fromPartial({ operation, reason })).finish();

/** The index of the entry that lets a node do it. */
async function order(client: CoordinatorClient, reason: Uint8Array, kind: Kind): Promise<number> {
  const answer = await send(client, "submit", reason, (text) => submitted({ kind }, text));
  return SubmitResponse.decode(answer).index;
}

const rotate = (client: CoordinatorClient, nodeName: string, entryIndex: number) =>
  sendUnary(client, "rotateKeys", RotateKeysRequest.encode({ nodeName, reason: "", entryIndex }).finish());

const fence = (client: CoordinatorClient, nodeName: string, entryIndex: number) =>
  sendUnary(
    client,
    "fenceReplica",
    FenceReplicaRequest.encode({ nodeName, reason: "", entryIndex }).finish(),
  );

const rotation = ({ id: nodeId, name }: ClusterNode): Kind => ({
  $case: "noteKeyRotation",
  value: { nodeId, name },
});

async function keys(): Promise<string> {
  const statuses = await Promise.all(
    cluster.nodes.map(({ client }) =>
      unary(client.getKeyStatus.bind(client), {}, { endMs: performance.now() + DEADLINE_MS }),
    ),
  );
  return JSON.stringify(statuses.map(({ keys: known }) => known.at(-1)?.id));
}

async function shards(): Promise<string> {
  const { shards: rows } = await listAtLeader(cluster, (client) => client.listShards.bind(client));
  return JSON.stringify(rows.map(({ shard }) => shard?.shardId));
}

async function memberRows() {
  const { members: rows } = await listAtLeader(cluster, (client) => client.listMembers.bind(client));
  return rows.flatMap(({ member }) => (member === undefined || member.wanted === 3 ? [] : [member]));
}

async function members(): Promise<string> {
  return JSON.stringify((await memberRows()).map(({ name }) => name));
}

async function auditCount(): Promise<number> {
  const { entries } = await listAtLeader(cluster, (client) => client.listAudit.bind(client));
  return entries.at(-1)?.index === undefined ? 0 : entries.length;
}

/** Until the fleet is founded and its version raised: entries of its own. */
async function settled(): Promise<void> {
  await cluster.until((statuses) => statuses.every(({ leaderId }) => leaderId !== 0));
  const endMs = performance.now() + DEADLINE_MS;
  for (let known = -1; ; ) {
    const count = await auditCount();
    if (count === known && count > 0) return;
    if (performance.now() > endMs) throw new Error(`the audit log still grows: ${known} to ${count} entries`);
    known = count;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
}
