// A lease ends with all of its keys. So only a caller that may write all of them may attach a key to it, or revoke
// it. Otherwise a stranger's key would keep its holder from revoking it.

import { expect, test } from "vitest";
import { electionService } from "../../../../src/core/coordinator/etcd/election-service.ts";
import { ETCD_ERRORS } from "../../../../src/core/coordinator/etcd/etcd-errors.ts";
import { kvService } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { LeaderRequired } from "../../../../src/core/coordinator/etcd/leader-required.ts";
import { leaseService } from "../../../../src/core/coordinator/etcd/lease-service.ts";
import { lockService } from "../../../../src/core/coordinator/etcd/lock-service.ts";
import { WaitingCallers } from "../../../../src/core/coordinator/etcd/waiting-callers.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import {
  LeaseRevokeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  CampaignRequest,
  ProclaimRequest,
} from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest } from "../../../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { ADMIN, callOf, client, FakeKeys, FREE_SERVER } from "./key-store.ts";

const ALL = ["read", "write", "lease"];
const RULES = {
  a: [{ verbs: ALL, names: ["a/*"] }],
  b: [{ verbs: ALL, names: ["b/*"] }],
  both: [{ verbs: ALL, names: ["a/*", "b/*"] }],
  writer: [{ verbs: ["read", "write"], names: ["a/*"] }],
};
const NO_TIMERS = { every: () => () => undefined, after: () => () => undefined };
const DENIED = ETCD_ERRORS.permissionDenied;

/** Lease 7 has the key a/1. */
function fleet() {
  const keys = new FakeKeys(RULES);
  apply(keys.space, { $case: "leaseGrant", value: { ID: "7", TTL: 60 } }, put("a/1", "x", "7"));
  const { context, store } = keys;
  const callers = new WaitingCallers(context, store.access);
  return {
    keys,
    kv: kvService(context, store),
    lease: leaseService(context, store, new LeaderRequired(context, NO_TIMERS)),
    lock: lockService(context, store, callers),
    election: electionService(context, store, callers, FREE_SERVER),
  };
}

const puts = (key: string, lease: string) => PutRequest.fromPartial({ key: bytes(key), lease });
const txnOf = (request: PutRequest) => ({ request: { $case: "requestPut", value: request } }) as const;

test("a put may name a lease only if its caller may write all keys of it", async () => {
  const { keys, kv } = fleet();
  await expect(kv.put(callOf(client("b"), puts("b/1", "7")))).rejects.toBe(DENIED);
  expect(keys.written).toEqual([]);
  for (const who of [client("both"), ADMIN]) await kv.put(callOf(who, puts("b/1", "7")));
  await kv.put(callOf(client("b"), puts("b/2", "0")));
  expect(keys.space.leases.keysOf("7")).toEqual(["a/1", "b/1"]);
});

test.each(["success", "failure", "nested"])("a put of a transaction too (%s)", async (where) => {
  const { keys, kv } = fleet();
  const one = txnOf(puts("b/1", "7"));
  const inner = TxnRequest.fromPartial({ success: [one] });
  const request =
    where === "nested"
      ? TxnRequest.fromPartial({ failure: [{ request: { $case: "requestTxn", value: inner } }] })
      : TxnRequest.fromPartial({ [where]: [one] });
  await expect(kv.txn(callOf(client("b"), request))).rejects.toBe(DENIED);
  expect(keys.written).toEqual([]);
});

test("a lease is looked up in a confirmed read, once a request, and not for administrators", async () => {
  const { keys, kv } = fleet();
  keys.here = new KeySpace();
  const both = TxnRequest.fromPartial({ success: [txnOf(puts("a/2", "7")), txnOf(puts("a/3", "7"))] });
  await kv.txn(callOf(client("a"), both));
  expect(keys.confirmedReads).toBe(1);
  await kv.put(callOf(ADMIN, puts("a/4", "7")));
  expect(keys.confirmedReads).toBe(1);
});

test("the lock and the campaign of a session may name only such a lease", async () => {
  const { keys, lock, election } = fleet();
  const name = bytes("b/q");
  const locked = lock.lock(callOf(client("b"), LockRequest.fromPartial({ name, lease: "7" })));
  await expect(locked).rejects.toBe(DENIED);
  const campaign = election.campaign(callOf(client("b"), CampaignRequest.fromPartial({ name, lease: "7" })));
  await expect(campaign).rejects.toBe(DENIED);
  expect(keys.written).toEqual([]);
});

test.each<[string, Identity, string, string]>([
  ["a caller that may not attach leases to the key", client("writer"), "a/1", "7"],
  ["a caller that may not write all keys of the lease", client("b"), "b/1", "7"],
  ["a caller that may not make the lease that it leaves out", client("writer"), "a/1", "0"],
])("a proclamation attaches its key to a lease, so %s is refused", async (_, who, key, lease) => {
  const { keys, election } = fleet();
  apply(keys.space, put("b/1", "x"));
  const leader = { name: bytes("n"), key: bytes(key), rev: 3, lease };
  const proclaimed = election.proclaim(callOf(who, ProclaimRequest.fromPartial({ leader })));
  await expect(proclaimed).rejects.toBe(DENIED);
  expect(keys.written).toEqual([]);
});

test("a proclamation without a lease gets one, so that its key ends", async () => {
  const { keys, election } = fleet();
  const leader = { name: bytes("n"), key: bytes("a/1"), rev: 2, lease: "0" };
  await election.proclaim(callOf(client("a"), ProclaimRequest.fromPartial({ leader, value: bytes("y") })));
  const read = keys.space.range(RangeRequest.fromPartial({ key: bytes("a/1") }));
  if (!read.ok) throw new Error(read.error);
  const [kv] = read.response.kvs;
  expect(keys.space.leases.keysOf(kv?.lease ?? "0")).toEqual(["a/1"]);
  expect(kv?.lease).not.toBe("7");
});

test("a lease is revoked by what a confirmed read says of its keys", async () => {
  const { keys, lease } = fleet();
  // This replica has not heard of the key yet.
  keys.here = new KeySpace();
  const revoke = (who: Identity) =>
    lease.leaseRevoke(callOf(who, LeaseRevokeRequest.fromPartial({ ID: "7" })));
  await expect(revoke(client("b"))).rejects.toBe(DENIED);
  expect(keys.written).toEqual([]);
  await revoke(client("a"));
  expect(keys.space.leases.size).toBe(0);
});

/** What another caller writes once, between the check of a caller's rights and that caller's write. */
function meanwhile(keys: FakeKeys, ...kinds: Parameters<typeof apply>[1][]): void {
  let isDone = false;
  keys.beforeWrite = () => {
    if (!isDone) apply(keys.space, ...kinds);
    isDone = true;
  };
}

test("a stranger's key that is attached between check and revocation is not deleted", async () => {
  const { keys, lease } = fleet();
  meanwhile(keys, put("b/1", "a stranger's", "7"));
  const revoked = lease.leaseRevoke(callOf(client("a"), LeaseRevokeRequest.fromPartial({ ID: "7" })));
  await expect(revoked).rejects.toBe(DENIED);
  expect(keys.space.leases.keysOf("7")).toEqual(["a/1", "b/1"]);
});

test("a revocation is checked again, and done, if the key that came between is the caller's", async () => {
  const { keys, lease } = fleet();
  meanwhile(keys, put("a/2", "x", "7"));
  await lease.leaseRevoke(callOf(client("a"), LeaseRevokeRequest.fromPartial({ ID: "7" })));
  expect(keys.space.leases.size).toBe(0);
  expect(keys.confirmedReads).toBe(2);
});

test.each(["put", "txn", "lock", "campaign", "proclaim"])(
  "a %s attaches no key to a lease that got a stranger's key meanwhile",
  async (what) => {
    const { keys, kv, lock, election } = fleet();
    apply(keys.space, put("a/9", "x"));
    meanwhile(keys, put("b/1", "a stranger's", "7"));
    const who = client("a");
    const leader = { name: bytes("n"), key: bytes("a/9"), rev: 3, lease: "7" };
    const begin: Record<string, () => Promise<unknown>> = {
      put: () => kv.put(callOf(who, puts("a/9", "7"))),
      txn: () => kv.txn(callOf(who, TxnRequest.fromPartial({ success: [txnOf(puts("a/9", "7"))] }))),
      lock: () => lock.lock(callOf(who, LockRequest.fromPartial({ name: bytes("a/q"), lease: "7" }))),
      campaign: () =>
        election.campaign(callOf(who, CampaignRequest.fromPartial({ name: bytes("a/q"), lease: "7" }))),
      proclaim: () => election.proclaim(callOf(who, ProclaimRequest.fromPartial({ leader }))),
    };
    await expect(begin[what]?.()).rejects.toBe(DENIED);
    expect(keys.space.leases.keysOf("7")).toEqual(["a/1", "b/1"]);
  },
);

test("keys that come and go on other leases, and writes to the lease's own keys, repeat no check", async () => {
  const { keys, lease } = fleet();
  apply(keys.space, { $case: "leaseGrant", value: { ID: "8", TTL: 60 } });
  meanwhile(keys, put("b/1", "x", "8"), put("a/1", "renewed", "7"));
  await lease.leaseRevoke(callOf(client("a"), LeaseRevokeRequest.fromPartial({ ID: "7" })));
  expect(keys.confirmedReads).toBe(1);
  expect(keys.space.leases.get("8")).toBeDefined();
});
