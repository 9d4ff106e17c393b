// What the leader checks of an operation that another member forwards: the member's tables may be old, and its key stolen.

import { status } from "@grpc/grpc-js";
import { beforeEach, expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import type { Caller } from "../../../../src/core/coordinator/calls/caller.ts";
import { answerForwarded } from "../../../../src/core/coordinator/etcd/answer-forwarded.ts";
import type { EtcdContext } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { forwardingBy } from "../../../../src/core/coordinator/etcd/forward.ts";
import { deleteIfOwn } from "../../../../src/core/coordinator/etcd/queue-transactions.ts";
import type { KeyOperationKind } from "../../../../src/core/kv/command-codec.ts";
import {
  DeleteRangeRequest,
  PutRequest,
  TxnRequest,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  ForwardKeysRequest,
  type KeyTransfer,
  type RaftClient,
} from "../../../../src/core/wire/gen/fleet/v1/raft.ts";
import { formatIdentity } from "../../../../src/core/wire/tls/identity.ts";
import { bytes, put } from "./key-commands.ts";
import { client, FakeKeys } from "./key-store.ts";

const MEMBER = { identity: { kind: "replica", id: nodeId(2) }, deadline: 1_000 } as const;
type Kind = NonNullable<ForwardKeysRequest["kind"]>;
let keys: FakeKeys;
let proposed: string[];

beforeEach(() => {
  keys = new FakeKeys({ w: [{ verbs: ["write", "lease"], names: ["a/*"] }] });
  proposed = [];
});

/** What the leader answers; the fake has no log. */
async function forwarded(caller: string, kind: Kind): Promise<unknown> {
  const fleet = { ...keys.context.fleet, replicas: [{ id: 2, name: "n2" }] };
  const context = { ...keys.context, fleet, fleetId: "c", keys: () => ({}) } as unknown as EtcdContext;
  const propose = async (_: unknown, { kind: { $case } }: { kind: { $case: string } }) => {
    proposed.push($case);
    return null;
  };
  const answer = async () => 60;
  const perform = async ({ $case }: Kind, { identity }: Caller, askedAt: string) => {
    proposed.push(`${$case} of ${formatIdentity(identity)} at ${askedAt}`);
    return { member: nodeId(4), index: logIndex(9) };
  };
  const note = async ({ from, to }: KeyTransfer, { identity }: Caller, askedAt: string) => {
    proposed.push(`transfer from ${from} to ${to} of ${formatIdentity(identity)} at ${askedAt}`);
    return true;
  };
  const more = { members: { perform }, moves: { note } };
  const store = { ...keys.store, writes: { propose }, leases: { answer }, ...more } as never;
  return answerForwarded(context, store, { clusterId: "c", kind, caller }, MEMBER);
}

const deleteKey = (key: string) =>
  ({ $case: "deleteRange", value: DeleteRangeRequest.fromPartial({ key: bytes(key) }) }) as const;
const operation = (kind: KeyOperationKind): Kind =>
  ({ $case: "operation", value: { kind, leasesSeenAt: 0 } }) as Kind;
const write = operation(put("a/1", "x"));

test.each([
  { caller: "fleet://client/w", why: "its role allows it" },
  { caller: "fleet://admin", why: "the member's word counts" },
])("$caller: proposed, as $why", async ({ caller }) => {
  await expect(forwarded(caller, write)).rejects.toBe(ETCD_ERRORS.notLeader);
  expect(proposed).toEqual(["put"]);
});

const denied = ETCD_ERRORS.permissionDenied;
const txn = TxnRequest.fromPartial({
  success: [{ request: { $case: "requestPut", value: { key: bytes("b/1"), value: bytes("x") } } }],
});
test.each([
  { caller: "fleet://client/other", kind: write, why: "a client without roles" },
  { caller: "fleet://client/w", kind: operation(put("b/1", "x")), why: "a key of others" },
  {
    caller: "fleet://client/w",
    kind: operation({
      $case: "deleteRange",
      value: DeleteRangeRequest.fromPartial({ key: bytes("a/1"), rangeEnd: bytes("\0") }),
    }),
    why: "a range beyond its own keys",
  },
  {
    caller: "fleet://client/w",
    kind: operation({ $case: "txn", value: txn }),
    why: "a key of others in a transaction",
  },
  {
    caller: "fleet://client/w",
    kind: operation({ $case: "compaction", value: { revision: 1, physical: false } }),
    why: "a compaction, which is for administrators",
  },
  { caller: "fleet://shard/s1", kind: write, why: "a kind of identity that uses no keys" },
  { caller: "fleet://replica/2", kind: write, why: "a replica, which is no client" },
  { caller: "", kind: write, why: "a member itself, which writes no keys" },
  {
    caller: "",
    kind: operation({
      $case: "deleteRange",
      value: DeleteRangeRequest.fromPartial({ key: bytes("a"), rangeEnd: bytes("b") }),
    }),
    why: "a member itself, which deletes no range",
  },
  { caller: "", kind: operation({ $case: "txn", value: txn }), why: "a member's put in a transaction" },
  {
    caller: "",
    kind: operation({ $case: "leaseRevoke", value: { ID: "7" } }),
    why: "a member's end of a lease, with all of its keys",
  },
  { caller: "", kind: { $case: "renewLease", value: { id: "1" } } as Kind, why: "a member's own renewal" },
  {
    caller: "fleet://client/other",
    kind: { $case: "renewLease", value: { id: "1" } } as Kind,
    why: "a renewal without a rule for leases",
  },
])("refused by the leader's tables: $why", async ({ caller, kind }) => {
  await expect(forwarded(caller, kind)).rejects.toBe(denied);
  expect(proposed).toEqual([]);
});

const addition: Kind = { $case: "memberAdd", value: { peerURLs: ["https://h:4"], isLearner: false } };

test.each(["fleet://admin", "fleet://operator/alice"])(
  "%s may ask for a change of members",
  async (caller) => {
    const answer = { $case: "member", value: 4 };
    expect(await forwarded(caller, addition)).toEqual({ index: 9, revision: 0, answer });
    expect(proposed).toEqual([`memberAdd of ${caller} at n2`]);
  },
);

test.each(["", "fleet://client/w", "fleet://readonly", "fleet://replica/2", "fleet://shard/s1"])(
  "a change of members is refused that a member forwards for %s",
  async (caller) => {
    await expect(forwarded(caller, addition)).rejects.toBe(denied);
    expect(proposed).toEqual([]);
  },
);

const transferTo = (to: number): Kind => ({ $case: "noteKeyTransfer", value: { from: 2, to } });

test("a transfer of the key space is noted for an administrator, with the member that forwarded it", async () => {
  const answer = { $case: "member", value: 2 };
  expect(await forwarded("fleet://admin", transferTo(2))).toEqual({ index: 0, revision: 0, answer });
  expect(proposed).toEqual(["transfer from 2 to 2 of fleet://admin at n2"]);
  await expect(forwarded("fleet://admin", transferTo(9))).rejects.toBe(ETCD_ERRORS.badTransferee);
});

test.each(["", "fleet://client/w", "fleet://operator/alice", "fleet://replica/2"])(
  "a transfer is refused that a member forwards for %s",
  async (caller) => {
    await expect(forwarded(caller, transferTo(2))).rejects.toBe(denied);
    expect(proposed).toEqual([]);
  },
);

test.each(["fleet://client/", "admin", "x".repeat(100_000), "fleet://client/w\n"])(
  "a caller that is no identity is refused: %#",
  async (caller) => {
    const refused = expect.objectContaining({ code: status.INVALID_ARGUMENT });
    await expect(forwarded(caller, write)).rejects.toEqual(refused);
    expect(proposed).toEqual([]);
  },
);

test.each<[string, Parameters<typeof operation>[0]]>([
  ["a lock's key", deleteKey("l/7")],
  ["an election's key, if it is its own", deleteIfOwn(bytes("l/7"), 3)],
])("a member removes what its caller has left: %s", async (_, kind) => {
  await expect(forwarded("", operation(kind))).rejects.toBe(ETCD_ERRORS.notLeader);
  expect(proposed).toHaveLength(1);
});

test("what no member forwards is refused before it is proposed", async () => {
  const nothing = operation({ $case: "put", value: PutRequest.fromPartial({}) });
  await expect(forwarded("fleet://admin", nothing)).rejects.toBe(ETCD_ERRORS.emptyKey);
  const requestPut = { $case: "requestPut", value: { key: bytes("a/1") } } as const;
  const success = Array.from({ length: 2_000 }, () => ({ request: requestPut }));
  const large = operation({ $case: "txn", value: TxnRequest.fromPartial({ success }) });
  await expect(forwarded("fleet://admin", large)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(proposed).toEqual([]);
});

test.each([
  { fields: [0xba, 0x3e, 0], why: "that this build does not know" },
  { fields: [], why: "of no kind" },
])("an operation $why is refused before it is proposed", async ({ fields }) => {
  const { kind } = ForwardKeysRequest.decode(Uint8Array.of((2 << 3) | 2, fields.length, ...fields));
  expect(kind).toEqual({ $case: "operation", value: { kind: undefined, leasesSeenAt: 0 } });
  await expect(forwarded("fleet://admin", kind as Kind)).rejects.toBe(ETCD_ERRORS.keyNotFound);
  expect(proposed).toEqual([]);
});

test("a member says whom it asks for, and cleans up as itself", async () => {
  const sent: ForwardKeysRequest[] = [];
  type Callback = (error: null, response: unknown) => void;
  const forwardKeys = (request: ForwardKeysRequest, _: unknown, __: unknown, callback: Callback) => {
    sent.push(ForwardKeysRequest.decode(ForwardKeysRequest.encode(request).finish()));
    callback(null, { index: 1, revision: 1, answer: undefined });
  };
  const forward = forwardingBy("c", { clientTo: () => ({ forwardKeys }) as unknown as RaftClient });
  const caller = { identity: client("w"), deadline: performance.now() + 1_000 };
  await forward.ask(nodeId(2), write, caller);
  await forward.ask(nodeId(2), write, { ...caller, isCleanUp: true });
  expect(sent.map((request) => request.caller)).toEqual(["fleet://client/w", ""]);
});
