// A contender in a store: it enters the queue of a lock or election, waits for its turn, and learns when its key is
// gone. Each step may be repeated at another endpoint, since the key is the contender's own.

import { randomBytes } from "node:crypto";
import { OperatorError } from "../../core/base/errors.ts";
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  LeaseGrantRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type TxnRequest,
  type TxnResponse,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { unary } from "../../core/wire/unary.ts";
import { type Contender, contenderKey, contentionPrefix, type Standing, standingOf } from "./contention.ts";
import type { CallOptions, EtcdClient } from "./etcd-client.ts";
import { keyAfter, oneKey, prefixRange } from "./key-range.ts";
import { leaseName } from "./lease-id.ts";
import { txn } from "./store-calls.ts";
import { watchKeys } from "./watch-keys.ts";

const DELETE = 1;
const DESCENDING = RangeRequest_SortOrder.DESCEND;
const BY_CREATE_REVISION = RangeRequest_SortTarget.CREATE;

export interface Place {
  readonly name: string;
  readonly key: Uint8Array;
  /** Where it stands in the queue; the fencing token once it holds. */
  readonly createRevision: number;
}

/** A lease with an id of its own, so that a repeated grant makes no second one. */
export async function grantOwnLease(
  client: EtcdClient,
  ttlMs: number,
  options: CallOptions,
): Promise<{ readonly id: string; readonly ttlMs: number }> {
  // 63 bits, and never 0, which means "choose one".
  const id = String((randomBytes(8).readBigUInt64BE() >> 1n) | 1n);
  const request = LeaseGrantRequest.fromPartial({ ID: id, TTL: Math.ceil(ttlMs / 1000) });
  try {
    const granted = await client.read(
      ({ lease }, limits) => unary(lease.leaseGrant.bind(lease), request, limits),
      options,
    );
    return { id, ttlMs: granted.TTL * 1000 };
  } catch (error) {
    // The first attempt was applied and its answer lost. The server may have chosen a longer time, never a shorter.
    if (error instanceof OperatorError && error.code === "LEASE_EXISTS") return { id, ttlMs };
    throw error;
  }
}

/** Puts the contender's key, unless an earlier attempt did. */
export async function enterQueue(
  client: EtcdClient,
  given: { readonly name: string; readonly value: Uint8Array; readonly lease: string },
  options: CallOptions,
): Promise<Place> {
  const { name, value, lease } = given;
  const key = contenderKey(name, leaseName(lease));
  const isAbsent = {
    ...{ key, target: Compare_CompareTarget.CREATE, result: Compare_CompareResult.EQUAL },
    targetUnion: { $case: "createRevision", value: 0 },
  } as const;
  const request: Parameters<typeof TxnRequest.fromPartial>[0] = {
    compare: [isAbsent],
    success: [{ request: { $case: "requestPut", value: { key, value, lease } } }],
    failure: [{ request: { $case: "requestRange", value: oneKey(key) } }],
  };
  const entered = await txn(client, request, "read", options);
  const [existing] = keysOf(entered);
  const createRevision = entered.succeeded
    ? (entered.header?.revision ?? 0)
    : (existing?.createRevision ?? 0);
  return { name, key, createRevision };
}

/** Where the contender stands now, linearizably, and at which revision of the store that is so. */
export async function askStanding(
  client: EtcdClient,
  { name, key, createRevision }: Place,
  options: CallOptions,
): Promise<{ readonly standing: Standing; readonly revision: number }> {
  const older = {
    ...prefixRange(contentionPrefix(name)),
    ...{ limit: 1, sortOrder: DESCENDING, sortTarget: BY_CREATE_REVISION },
    maxCreateRevision: createRevision - 1,
  };
  const success = [oneKey(key), older].map(
    (value) => ({ request: { $case: "requestRange", value } }) as const,
  );
  const response = await txn(client, { success }, "read", options);
  return { standing: standingOf(key, keysOf(response)), revision: response.header?.revision ?? 0 };
}

/** Resolves when the key is deleted behind `revision`, or is no longer known to exist; or when it is aborted. */
export async function untilDeleted(
  client: EtcdClient,
  key: Uint8Array,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const watch = { key, rangeEnd: keyAfter(key), fromRevision: revision + 1, prevKv: false, signal };
  try {
    for await (const seen of watchKeys(client, watch)) {
      if (seen.kind === "events" && seen.events.some(({ type }) => type === DELETE)) return;
    }
  } catch (error) {
    // What happened before the compaction is learned by asking again.
    if (!(error instanceof OperatorError) || error.code !== "REVISION_COMPACTED") throw error;
  }
}

function keysOf({ responses }: TxnResponse): readonly (KeyValue & Contender)[] {
  return responses.flatMap(({ response }) => (response?.$case === "responseRange" ? response.value.kvs : []));
}
