// The transactions of locks and elections.

import {
  Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  RequestOp,
  type TxnRequest,
  type TxnResponse,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

interface TxnOperation {
  readonly $case: "txn";
  readonly value: TxnRequest;
}

/** Puts the key unless it exists: a session that queues already keeps its place. */
export function enterQueue(key: Uint8Array, value: Uint8Array, lease: string): TxnOperation {
  return txn(wasCreatedAt(key, 0), [put(key, value, lease)], [get(key)]);
}

/** Puts a value of the key that was created at this revision. */
export function putIfOwn(key: Uint8Array, created: number, value: Uint8Array, lease: string): TxnOperation {
  return txn(wasCreatedAt(key, created), [put(key, value, lease)], []);
}

export function deleteIfOwn(key: Uint8Array, created: number): TxnOperation {
  const request = {
    $case: "requestDeleteRange",
    value: { key, rangeEnd: new Uint8Array(), prevKv: false },
  } as const;
  return txn(wasCreatedAt(key, created), [{ request }], []);
}

/** When the key that entered was created: now or earlier. */
export function createdAt(entered: TxnResponse): number {
  if (entered.succeeded) return entered.header?.revision ?? 0;
  return keptKey(entered).createRevision;
}

/** The key of a session that queues already. */
export function keptKey({ responses }: TxnResponse) {
  const response = responses[0]?.response;
  const kv = response?.$case === "responseRange" ? response.value.kvs[0] : undefined;
  if (kv === undefined) throw ETCD_ERRORS.sessionExpired;
  return kv;
}

function wasCreatedAt(key: Uint8Array, revision: number): Compare {
  return Compare.fromPartial({
    ...{ key, result: Compare_CompareResult.EQUAL, target: Compare_CompareTarget.CREATE },
    targetUnion: { $case: "createRevision", value: revision },
  });
}

const put = (key: Uint8Array, value: Uint8Array, lease: string): RequestOp =>
  RequestOp.fromPartial({ request: { $case: "requestPut", value: { key, value, lease } } });

const get = (key: Uint8Array): RequestOp =>
  RequestOp.fromPartial({ request: { $case: "requestRange", value: { key } } });

function txn(compare: Compare, success: RequestOp[], failure: RequestOp[]): TxnOperation {
  return { $case: "txn", value: { compare: [compare], success, failure } };
}
