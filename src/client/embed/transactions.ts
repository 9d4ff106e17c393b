// The transactions that write the log. Pure. What must stay true: each compares what makes it safe to repeat. An entry
// compares that it was never created. A leader's write compares that the leader's key has its term (ADR-0053).

import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RequestOp,
  type TxnRequest,
  type TxnResponse,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { KeyRange } from "./store.ts";

const { EQUAL } = Compare_CompareResult;
const NONE = new Uint8Array(0);

/** A leader's write: it changes nothing once another term has begun. */
export interface Fence {
  readonly leader: Uint8Array;
  readonly term: number;
}

export const never = (key: Uint8Array): Compare => ({
  ...{ key, rangeEnd: NONE, result: EQUAL, target: Compare_CompareTarget.CREATE },
  targetUnion: { $case: "createRevision", value: 0 },
});

/** 0: the key does not exist. */
export const lastChangedAt = (key: Uint8Array, revision: number): Compare => ({
  ...{ key, rangeEnd: NONE, result: EQUAL, target: Compare_CompareTarget.MOD },
  targetUnion: { $case: "modRevision", value: revision },
});

export const fenced = ({ leader, term }: Fence): Compare => lastChangedAt(leader, term);

export function put(key: Uint8Array, value: Uint8Array, lease = "0"): RequestOp {
  return { request: { $case: "requestPut", value: PutRequest.fromPartial({ key, value, lease }) } };
}

export function remove({ key, rangeEnd }: KeyRange): RequestOp {
  const value = DeleteRangeRequest.fromPartial({ key, rangeEnd });
  return { request: { $case: "requestDeleteRange", value } };
}

export const get = (key: Uint8Array): RequestOp => read(RangeRequest.fromPartial({ key }));

export const read = (value: RangeRequest): RequestOp => ({ request: { $case: "requestRange", value } });

export const oneKey = (key: Uint8Array): KeyRange => ({ key, rangeEnd: NONE });

/** The newest key of the range. */
export const newestOf = ({ key, rangeEnd }: KeyRange): RangeRequest =>
  RangeRequest.fromPartial({
    ...{ key, rangeEnd, limit: 1, keysOnly: true },
    sortOrder: RangeRequest_SortOrder.DESCEND,
    sortTarget: RangeRequest_SortTarget.CREATE,
  });

/** Keys without values from `key` on, in their own order, as they were `at` a revision. */
export const keysAt = ({ key, rangeEnd }: KeyRange, at: number, limit: number): RangeRequest =>
  RangeRequest.fromPartial({ key, rangeEnd, limit, keysOnly: true, revision: at });

/** One key as it was `at` a revision. */
export const valueAt = (key: Uint8Array, at: number): RangeRequest =>
  RangeRequest.fromPartial({ key, revision: at });

export function transaction(compare: Compare[], success: RequestOp[], failure: RequestOp[] = []): TxnRequest {
  return { compare, success, failure };
}

/** The answer of each of its reads. */
export function answersIn({ responses }: TxnResponse): readonly (readonly KeyValue[])[] {
  return responses.flatMap(({ response }) =>
    response?.$case === "responseRange" ? [response.value.kvs] : [],
  );
}

export const revisionOf = ({ header }: TxnResponse): number => header?.revision ?? 0;
