// The leases whose keys' owners an operation concerns: those to which it would attach keys, and one that it revokes.

import type { PutRequest, TxnRequest } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperationKind } from "./command-codec.ts";
import { type LeaseId, NO_LEASE } from "./leases.ts";

export function leasesOf(kind: KeyOperationKind): ReadonlySet<LeaseId> {
  switch (kind.$case) {
    case "put":
      return leasesOfPut(kind.value);
    case "txn":
      return leasesOfTxn(kind.value);
    case "leaseRevoke":
      return new Set([kind.value.ID]);
    case "deleteRange":
    case "compaction":
    case "leaseGrant":
    case "leaseTerm":
    case "leaseExpiry":
    case "retention":
      return new Set();
  }
}

function leasesOfPut({ lease }: Pick<PutRequest, "lease">): ReadonlySet<LeaseId> {
  return new Set(lease === NO_LEASE ? [] : [lease]);
}

/** Of both branches: which one runs is not known before it is applied. */
function leasesOfTxn({ success, failure }: TxnRequest): ReadonlySet<LeaseId> {
  const leases = new Set<LeaseId>();
  for (const { request } of [...success, ...failure]) {
    if (request?.$case !== "requestPut" && request?.$case !== "requestTxn") continue;
    const named = request.$case === "requestPut" ? leasesOfPut(request.value) : leasesOfTxn(request.value);
    for (const lease of named) leases.add(lease);
  }
  return leases;
}
