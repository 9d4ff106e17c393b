// What a client of etcd's API may try whose role names the keys a/*: each asks for the keys and leases of others, or rules.

import { status } from "@grpc/grpc-js";
import {
  CompactionRequest,
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  LeaseTimeToLiveRequest,
  MoveLeaderRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
  WatchRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  LeaderRequest,
  ProclaimRequest,
  ResignRequest,
} from "../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { LockRequest, UnlockRequest } from "../../src/core/wire/gen/etcd/v3lockpb/v3lock.ts";
import { call, type EtcdClients } from "../integration/etcd-clients.ts";

/** Must be refused. */
export type Attack = (of: EtcdClients) => Promise<unknown>;

/** What its role allows. */
export const RULES = [{ verbs: ["read", "write", "lease"], tables: ["key"], names: ["a/*"] }];
/** Another's. */
export const LEASE = "4711";
const b = (text: string) => Buffer.from(text);

/** What the attacks are about, by a caller that may write it. */
export async function putVictims({ kv, lease }: EtcdClients): Promise<void> {
  await call(lease.leaseGrant.bind(lease), LeaseGrantRequest.fromPartial({ ID: LEASE, TTL: 600 }));
  const put = (key: string, value: string, of = "0") =>
    call(kv.put.bind(kv), PutRequest.fromPartial({ key: b(key), value: b(value), lease: of }));
  await put("secret", "hidden", LEASE);
  await put("a/own", "open");
}

const isSecret = (target: Partial<Compare>) => ({
  ...{ key: b("secret"), result: Compare_CompareResult.EQUAL },
  ...target,
});
const ownPut = { request: { $case: "requestPut", value: { key: b("a/own"), value: b("open") } } } as const;
const foreign = (value: object, $case: string) => ({ request: { $case, value } }) as never;
const txn = (request: object) => (of: EtcdClients) =>
  call(of.kv.txn.bind(of.kv), TxnRequest.fromPartial(request));
const range = (request: object) => (of: EtcdClients) =>
  call(of.kv.range.bind(of.kv), RangeRequest.fromPartial(request));

export const ATTACKS: Readonly<Record<string, Attack>> = {
  "all keys from its own on": range({ key: b("a/"), rangeEnd: b("\0") }),
  "a range that ends behind its own": range({ key: b("a/"), rangeEnd: b("b") }),
  "the number of all keys": range({ key: b("\0"), rangeEnd: b("\0"), countOnly: true }),
  "another's key without its value, from its own member": range({
    key: b("secret"),
    keysOnly: true,
    serializable: true,
  }),
  "an oracle: a comparison of another's value": txn({
    compare: [
      isSecret({ target: Compare_CompareTarget.VALUE, targetUnion: { $case: "value", value: b("hidden") } }),
    ],
    success: [ownPut],
  }),
  "an oracle in a nested transaction": txn({
    success: [
      foreign(
        { compare: [isSecret({ target: Compare_CompareTarget.VERSION })], success: [ownPut] },
        "requestTxn",
      ),
    ],
  }),
  "an oracle by a comparison of a range": txn({
    compare: [{ ...isSecret({}), key: b("a/"), rangeEnd: b("z") }],
  }),
  "a read in the branch that does not run": txn({ failure: [foreign({ key: b("secret") }, "requestRange")] }),
  "a deletion that would tell the values": txn({
    success: [foreign({ key: b("a/"), rangeEnd: b("z"), prevKv: true }, "requestDeleteRange")],
  }),
  "a put that would tell the value before": (of) =>
    call(
      of.kv.put.bind(of.kv),
      PutRequest.fromPartial({ key: b("secret"), prevKv: true, ignoreValue: true }),
    ),
  "a deletion of everything": (of) =>
    call(of.kv.deleteRange.bind(of.kv), DeleteRangeRequest.fromPartial({ key: b("\0"), rangeEnd: b("\0") })),
  "its own key on another's lease, which would hold up its revocation": (of) =>
    call(of.kv.put.bind(of.kv), PutRequest.fromPartial({ key: b("a/x"), lease: LEASE })),
  "the end of another's lease": (of) =>
    call(of.lease.leaseRevoke.bind(of.lease), LeaseRevokeRequest.fromPartial({ ID: LEASE })),
  "the names of the keys of another's lease": (of) =>
    call(
      of.lease.leaseTimeToLive.bind(of.lease),
      LeaseTimeToLiveRequest.fromPartial({ ID: LEASE, keys: true }),
    ),
  "a compaction": (of) => call(of.kv.compact.bind(of.kv), CompactionRequest.fromPartial({ revision: 1 })),
  "a lock of another's name": (of) =>
    call(of.lock.lock.bind(of.lock), LockRequest.fromPartial({ name: b("secret") })),
  "the release of another's lock": (of) =>
    call(of.lock.unlock.bind(of.lock), UnlockRequest.fromPartial({ key: b("secret") })),
  "a look at another's election": (of) =>
    call(of.election.leader.bind(of.election), LeaderRequest.fromPartial({ name: b("secret") })),
  "words in the name of another's election": (of) =>
    call(
      of.election.proclaim.bind(of.election),
      ProclaimRequest.fromPartial({
        leader: { name: b("a"), key: b("secret"), rev: 2, lease: LEASE },
        value: b("x"),
      }),
    ),
  "a resignation from another's election": (of) =>
    call(
      of.election.resign.bind(of.election),
      ResignRequest.fromPartial({ leader: { name: b("a"), key: b("secret"), rev: 2, lease: LEASE } }),
    ),
  "a change of the leader": (of) =>
    call(of.maintenance.moveLeader.bind(of.maintenance), MoveLeaderRequest.fromPartial({ targetID: "1" })),
  "a hash over all keys": (of) => call(of.maintenance.hashKv.bind(of.maintenance), { revision: 0 }),
  "a watch of all keys": (of) =>
    new Promise((_, reject) => {
      const watch = of.watch.watch();
      watch.on("error", reject);
      watch.on("data", ({ canceled, cancelReason }) => {
        if (!canceled) return;
        watch.cancel();
        reject(Object.assign(new Error(cancelReason), { code: status.PERMISSION_DENIED }));
      });
      const value = { key: b("a/"), rangeEnd: b("\0"), prevKv: true, startRevision: 1 };
      watch.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
    }),
};
