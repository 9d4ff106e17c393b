// Short forms of etcd's requests for tests of the key space. Keys and values are ASCII texts.

import {
  encodeKeyCommand,
  type KeyOperationKind,
  KNOWN_KEY_FORMAT,
} from "../../../src/core/kv/command-codec.ts";
import type { Applied } from "../../../src/core/kv/key-response.ts";
import type { KeySpace } from "../../../src/core/kv/key-space.ts";
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../../../src/core/wire/gen/etcd/mvccpb/kv.ts";

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
export const text = (from: Uint8Array): string => Buffer.from(from).toString("latin1");

export function rangeRequest(key: string, rest: Partial<RangeRequest> & { end?: string } = {}): RangeRequest {
  const { end = "", ...options } = rest;
  return {
    key: bytes(key),
    rangeEnd: bytes(end),
    limit: 0,
    revision: 0,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...options,
  };
}

export function putRequest(key: string, value = "", rest: Partial<PutRequest> = {}): PutRequest {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { key: bytes(key), value: bytes(value), lease: "0", ...flags, ...rest };
}

export function deleteRequest(key: string, end = "", prevKv = false): DeleteRangeRequest {
  return { key: bytes(key), rangeEnd: bytes(end), prevKv };
}

export const opRange = (...args: Parameters<typeof rangeRequest>): RequestOp => ({
  request: { $case: "requestRange", value: rangeRequest(...args) },
});
export const opPut = (...args: Parameters<typeof putRequest>): RequestOp => ({
  request: { $case: "requestPut", value: putRequest(...args) },
});
export const opDelete = (...args: Parameters<typeof deleteRequest>): RequestOp => ({
  request: { $case: "requestDeleteRange", value: deleteRequest(...args) },
});
export const opTxn = (value: TxnRequest): RequestOp => ({ request: { $case: "requestTxn", value } });

export function txnRequest(
  compare: Compare[],
  success: RequestOp[] = [],
  failure: RequestOp[] = [],
): TxnRequest {
  return { compare, success, failure };
}

const RESULTS = { "=": 0, ">": 1, "<": 2, "!=": 3 } as const;
const TARGETS = { version: 0, createRevision: 1, modRevision: 2, value: 3, lease: 4 } as const;

/** For example `compare("a", "version", "=", 0)`. */
export function compare(
  key: string,
  target: keyof typeof TARGETS,
  result: keyof typeof RESULTS,
  given: string | number,
  end = "",
): Compare {
  const value = target === "value" ? bytes(String(given)) : target === "lease" ? String(given) : given;
  const targetUnion = { $case: target, value } as Compare["targetUnion"];
  const rangeEnd = bytes(end);
  return { result: RESULTS[result], target: TARGETS[target], key: bytes(key), rangeEnd, targetUnion };
}

export const put = (...args: Parameters<typeof putRequest>): KeyOperationKind => ({
  $case: "put",
  value: putRequest(...args),
});
export const del = (...args: Parameters<typeof deleteRequest>): KeyOperationKind => ({
  $case: "deleteRange",
  value: deleteRequest(...args),
});
export const txn = (...args: Parameters<typeof txnRequest>): KeyOperationKind => ({
  $case: "txn",
  value: txnRequest(...args),
});
export const compact = (revision: number): KeyOperationKind => ({
  $case: "compaction",
  value: { revision, physical: false },
});
export const grant = (ID: string, TTL: number): KeyOperationKind => ({
  $case: "leaseGrant",
  value: { ID, TTL },
});
export const revoke = (ID: string): KeyOperationKind => ({ $case: "leaseRevoke", value: { ID } });

/** Applies one operation. */
export function perform(space: KeySpace, kind: KeyOperationKind, atMs = 0, leasesSeenAt = 0): Applied {
  const applied = space.apply({ format: KNOWN_KEY_FORMAT, atMs, operations: [{ kind, leasesSeenAt }] });
  return applied[0] as Applied;
}

export function entry(...kinds: KeyOperationKind[]): Uint8Array {
  return encodeKeyCommand({ atMs: 0, operations: kinds.map((kind) => ({ kind, leasesSeenAt: 0 })) });
}

/** What an answer comes to: its error, or the response's value. */
export function outcome({ answer }: Applied): unknown {
  if (!answer.ok) return answer.error;
  return "value" in answer.response ? answer.response.value : answer.response;
}

/** "key=value create/mod/version", and the lease behind it if there is one. */
export function shown(kv: KeyValue | null | undefined): string {
  if (kv === null || kv === undefined) return "none";
  const lease = kv.lease === "0" ? "" : ` lease ${kv.lease}`;
  return `${text(kv.key)}=${text(kv.value)} ${kv.createRevision}/${kv.modRevision}/${kv.version}${lease}`;
}

/** The keys of a range as `shown`, or the error. */
export function listed(space: KeySpace, ...args: Parameters<typeof rangeRequest>): string[] | string {
  const read = space.range(rangeRequest(...args));
  return read.ok ? read.response.kvs.map(shown) : read.error;
}
