// The leases to which a request would attach keys.

import { type LeaseId, NO_LEASE } from "../../kv/leases.ts";
import type { PutRequest, TxnRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";

export function leasesOfPut({ lease }: Pick<PutRequest, "lease">): ReadonlySet<LeaseId> {
  return new Set(lease === NO_LEASE ? [] : [lease]);
}

/** Of both branches: which one runs is not known here. */
export function leasesOfTxn({ success, failure }: TxnRequest): ReadonlySet<LeaseId> {
  const leases = new Set<LeaseId>();
  for (const { request } of [...success, ...failure]) {
    if (request?.$case !== "requestPut" && request?.$case !== "requestTxn") continue;
    const named = request.$case === "requestPut" ? leasesOfPut(request.value) : leasesOfTxn(request.value);
    for (const lease of named) leases.add(lease);
  }
  return leases;
}
