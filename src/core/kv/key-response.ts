// What an operation on the key space comes to: its answer, which is etcd's own response where there is such, and its events.

import type {
  CompactionResponse,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  PutResponse,
  TxnResponse,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../wire/gen/etcd/mvccpb/kv.ts";
import type { Refused } from "./key-error.ts";
import type { LeaseId } from "./leases.ts";

export type KeyResponse =
  | { readonly $case: "put"; readonly value: PutResponse }
  | { readonly $case: "deleteRange"; readonly value: DeleteRangeResponse }
  | { readonly $case: "txn"; readonly value: TxnResponse }
  | { readonly $case: "compaction"; readonly value: CompactionResponse }
  | { readonly $case: "leaseGrant"; readonly value: LeaseGrantResponse }
  | { readonly $case: "leaseRevoke"; readonly value: LeaseRevokeResponse }
  /** Whether this is the newest leader. */
  | { readonly $case: "leaseTerm"; readonly isNewest: boolean }
  /** The leases that this operation removed; the others had gone, or belong to a newer leader. */
  | { readonly $case: "leaseExpiry"; readonly expired: readonly LeaseId[] }
  | { readonly $case: "retention" };

type KeyAnswer = { readonly ok: true; readonly response: KeyResponse } | Refused;

/** Of one operation. */
export interface Applied {
  /** The current revision after it. */
  readonly revision: number;
  readonly answer: KeyAnswer;
  /** In order. Usually of one revision; of several only if several leases ended. */
  readonly events: readonly Event[];
}
