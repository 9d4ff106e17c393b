// What an operation on the key space is answered, if it was not refused: etcd's own responses where there are such.

import type {
  CompactionResponse,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseRevokeResponse,
  PutResponse,
  TxnResponse,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
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
