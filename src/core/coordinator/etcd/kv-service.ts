// etcd's KV service. A linearizable read asks a quorum, a serializable one does not. A transaction that only reads is a
// read.

import { checkPut, checkRange, checkTxn, isReadOnly } from "../../kv/check-request.ts";
import type { KeyError } from "../../kv/key-error.ts";
import type { Read } from "../../kv/key-space.ts";
import { NO_LEASE } from "../../kv/leases.ts";
import type {
  KVServer,
  RangeRequest,
  RequestOp,
  ResponseHeader,
  TxnRequest,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import type { Caller } from "../calls/caller.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { errorOfKeys } from "./etcd-errors.ts";
import type { Headers } from "./headers.ts";
import type { KeyAccess } from "./key-access.ts";
import type { KeyLeases } from "./key-leases.ts";
import type { KeyReads } from "./key-reads.ts";
import type { KeyWrites } from "./key-writes.ts";
import type { LargeReads } from "./large-reads.ts";
import type { LeaseAccess } from "./lease-access.ts";
import type { WatchHub } from "./watch/watch-hub.ts";

export interface KeyStore {
  readonly reads: KeyReads;
  readonly writes: KeyWrites;
  readonly leases: KeyLeases;
  readonly hub: WatchHub;
  readonly access: KeyAccess;
  readonly leaseAccess: LeaseAccess;
  readonly headers: Headers;
  readonly largeReads: LargeReads;
}

export function kvService(context: EtcdContext, store: KeyStore): Implementation<KVServer> {
  const { reads, writes, headers, access, leaseAccess, largeReads } = store;
  return {
    range: unaryMethod(context, async (request, caller) => {
      refuse(checkRange(request));
      access.checkRead(caller.identity, request);
      const keys = await readable(store, request.serializable, isOfMany(request), caller);
      if (!keys.sortsMany(request)) return headed(headers, valueRead(keys.range(request)));
      const read = await largeReads.run(caller, () => reads.here().rangeInSlices(request));
      return headed(headers, valueRead(read));
    }),
    put: unaryMethod(context, async (request, caller) => {
      refuse(checkPut(request));
      access.checkPut(caller.identity, request);
      const writer = request.lease === NO_LEASE ? writes : leaseAccess;
      return headed(headers, await writer.write({ $case: "put", value: request }, caller));
    }),
    deleteRange: unaryMethod(context, async (request, caller) => {
      refuse(checkRange(request));
      access.checkDelete(caller.identity, request);
      return headed(headers, await writes.write({ $case: "deleteRange", value: request }, caller));
    }),
    txn: unaryMethod(context, async (request, caller) => {
      refuse(checkTxn(request));
      access.checkTxn(caller.identity, request);
      if (!isReadOnly(request)) {
        return headed(headers, await leaseAccess.write({ $case: "txn", value: request }, caller));
      }
      const keys = await readable(store, isSerializable(request), true, caller);
      return headed(headers, valueRead(keys.readTxn(request)));
    }),
    compact: unaryMethod(context, async (request, caller) =>
      headed(headers, await writes.write({ $case: "compaction", value: request }, caller)),
    ),
  };
}

async function readable({ reads }: KeyStore, mayBeOld: boolean, isOfMany: boolean, caller: Caller) {
  await reads.opened(caller.deadline);
  const keys = mayBeOld ? reads.here() : await reads.confirmed(caller);
  return isOfMany ? reads.forMany(caller) : keys;
}

const isOfMany = ({ rangeEnd }: RangeRequest): boolean => rangeEnd.length > 0;

function refuse(error: KeyError | null): void {
  if (error !== null) throw errorOfKeys(error);
}

/** Throws the RpcError of a refusal. */
export function valueRead<Response>(read: Read<Response>): Response {
  if (read.ok) return read.response;
  throw errorOfKeys(read.error);
}

/** The key space knows the revision; this member adds who it is. */
export function headed<Response extends { header: ResponseHeader | undefined }>(
  headers: Headers,
  response: Response,
): Response {
  return { ...response, header: headers.at(response.header?.revision ?? 0) };
}

/**
 * As in etcd, a transaction of reads is serializable if all of them are. One without reads is so in etcd, and not here: its client
 * never said that an old state may answer its comparisons.
 */
function isSerializable({ success, failure }: TxnRequest): boolean {
  const operations = [...success, ...failure];
  return operations.length > 0 && operations.every(isSerializableRead);
}

const isSerializableRead = ({ request }: RequestOp): boolean =>
  request?.$case === "requestRange" && request.value.serializable;
