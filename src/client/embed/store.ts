// The port to what keeps the log: the part of etcd's API that a host needs. `fleet-store.ts` calls servers,
// `own-store.ts` the replica of this process. What must stay true: `txn` is sent at most once, so its failure says
// whether it may have been applied (OUTCOME_UNKNOWN) or was not (UNAVAILABLE).

import type {
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { ReplicaView } from "./coordinator.ts";

export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

export interface Store {
  txn(request: TxnRequest, deadlineMs: number): Promise<TxnResponse>;
  range(request: RangeRequest, deadlineMs: number): Promise<RangeResponse>;
  /**
   * All events of the range from a revision on, whole revisions together. It reconnects by itself. Throws
   * REVISION_COMPACTED, and the refusals of the store.
   */
  watch(range: KeyRange, fromRevision: number, signal: AbortSignal): AsyncIterable<readonly Event[]>;
  grantLease(ttlMs: number): Promise<{ readonly id: string; readonly ttlMs: number }>;
  /** What is left of it, in seconds; 0: it has ended. */
  renewLease(id: string, endMs: number): Promise<number>;
  revokeLease(id: string): Promise<void>;
  replicas(): Promise<readonly ReplicaView[]>;
  /** host:port of the replica in this process; null = it has no port. */
  readonly address: string | null;
  close(): Promise<void>;
}
