// No change without its entry in the audit log: every mutating RPC of a coordinator with every odd reason, as bytes at a
// real port (issue 11, audit evasion: a transfer with an overlong reason succeeded without an entry).

import { type Client, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import {
  ChangeMembershipRequest,
  CoordinatorService,
  FenceReplicaRequest,
  ListRequest,
  SubmitRequest,
  TransferLeadershipRequest,
  type WriteAnswers,
  WriteBatch,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { type ClusterNode, CoordinatorCluster } from "../integration/coordinator-cluster.ts";
import { registerShard } from "../integration/fleet-writes.ts";

const DEADLINE_MS = 60_000;

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
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000 });
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
  readonly call: (leader: ClusterNode, reason: Uint8Array) => Promise<void>;
  /** Anything that differs once it has changed something. */
  readonly state: () => Promise<string>;
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  Submit: {
    call: ({ client }, reason) =>
      send(client, "submit", reason, (text) =>
        SubmitRequest.encode(
          SubmitRequest.fromPartial({ operation: registerShard(fresh()), reason: text }),
        ).finish(),
      ),
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
};

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

test("a fence with a reason that no audit log takes is refused, and fences nothing", async () => {
  const leader = await cluster.leader();
  const other = present(
    cluster.nodes.find((node) => node !== leader),
    "a follower",
  );
  const fenced = send(other.client, "fenceReplica", Buffer.alloc(1_025, "r"), (reason) =>
    FenceReplicaRequest.encode(FenceReplicaRequest.fromPartial({ nodeName: other.name, reason })).finish(),
  );
  await expect(fenced.catch((error: unknown) => readRpcError(error).reason)).resolves.toBe("REASON_TOO_LONG");
  expect((await cluster.status(other))?.stateDoubt?.fenced ?? false).toBe(false);
});

/** Sends the message that `encode` makes of a text, with `reason` in the text's place. */
function send(
  client: Client,
  method: "submit" | "transferLeadership" | "changeMembership" | "fenceReplica",
  reason: Uint8Array,
  encode: (placeholder: string) => Uint8Array,
): Promise<void> {
  const { path } = CoordinatorService[method];
  const message = withReason(reason, encode);
  return new Promise((resolve, reject) => {
    const deadline = { deadline: Date.now() + DEADLINE_MS };
    const done = (error: unknown) => (error === null ? resolve() : reject(error));
    client.makeUnaryRequest(
      path,
      Buffer.from,
      Buffer.from,
      Buffer.from(message),
      new Metadata(),
      deadline,
      done,
    );
  });
}

function withReason(reason: Uint8Array, encode: (placeholder: string) => Uint8Array): Uint8Array {
  const placeholder = "Z".repeat(reason.length);
  const message = Buffer.from(encode(placeholder));
  if (reason.length > 0) Buffer.from(reason).copy(message, message.indexOf(placeholder));
  return message;
}

function changeMembership(
  client: Client,
  reason: Uint8Array,
  change: NonNullable<ChangeMembershipRequest["change"]>,
): Promise<void> {
  return send(client, "changeMembership", reason, (text) =>
    ChangeMembershipRequest.encode(ChangeMembershipRequest.fromPartial({ change, reason: text })).finish(),
  );
}

async function write(client: ClusterNode["client"], reason: Uint8Array): Promise<void> {
  const request = withReason(reason, (text) =>
    SubmitRequest.encode(
      SubmitRequest.fromPartial({ operation: registerShard(fresh()), reason: text }),
    ).finish(),
  );
  const stream = client.write(new Metadata(), { deadline: Date.now() + DEADLINE_MS });
  const answered = new Promise<WriteAnswers>((resolve, reject) => {
    stream.on("data", resolve);
    stream.on("error", reject);
  });
  stream.write(WriteBatch.fromPartial({ items: [{ tag: 1, request }] }));
  const [answer] = (await answered).answers;
  stream.end();
  if (answer?.outcome?.$case !== "refusal") return;
  const { fromStatus } = await import("../../src/core/wire/rpc-error.ts");
  throw fromStatus(answer.outcome.value);
}

async function read<Response>(
  method: (client: ClusterNode["client"]) => Parameters<typeof unary<ListRequest, Response>>[0],
): Promise<Response> {
  const { client } = await cluster.leader();
  return await unary(method(client), ListRequest.fromPartial({}), { endMs: performance.now() + DEADLINE_MS });
}

async function shards(): Promise<string> {
  const { shards: rows } = await read((client) => client.listShards.bind(client));
  return JSON.stringify(rows.map(({ shard }) => shard?.shardId));
}

async function memberRows() {
  const { members: rows } = await read((client) => client.listMembers.bind(client));
  return rows.flatMap(({ member }) => (member === undefined || member.wanted === 3 ? [] : [member]));
}

async function members(): Promise<string> {
  return JSON.stringify((await memberRows()).map(({ name }) => name));
}

async function auditCount(): Promise<number> {
  const { entries } = await read((client) => client.listAudit.bind(client));
  return entries.at(-1)?.index === undefined ? 0 : entries.length;
}

/** Until the fleet is founded and its version raised: entries of its own. */
async function settled(): Promise<void> {
  await cluster.until((statuses) => statuses.every(({ leaderId }) => leaderId !== 0));
  for (let known = -1; ; ) {
    const count = await auditCount();
    if (count === known && count > 0) return;
    known = count;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
}
