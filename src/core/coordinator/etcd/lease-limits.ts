// How many leases there may be, and how many keys one of them may have. Both are limits on what one caller with a right to
// leases can do to every replica: a lease takes some 500 bytes of V8's heap, for as long as 285 years, and its end deletes
// all of its keys in one turn. The leader refuses what goes beyond; entries are applied as they are.

import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { KeysView } from "../group/keys-machine.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import { leasesOfPut, leasesOfTxn } from "./named-leases.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;
type Leases = Pick<KeysView["leases"], "size" | "keyCountOf">;

/** With 1 GB for V8's heap (process-memory.ts), some 100 MB of it. Kubernetes needs one for each node. */
const LEASES_MAX = 200_000;
/** Deleted in some 0.2 s. Kubernetes attaches at most 1 000. */
const LEASE_KEYS_MAX = 20_000;

const LEASE_LIMITS = { leases: LEASES_MAX, keysOfLease: LEASE_KEYS_MAX } as const;

/** Throws the RpcError of a caller that goes beyond. */
export function assertLeaseRoom(
  leases: Leases,
  kind: OperationKind,
  limits: { readonly leases: number; readonly keysOfLease: number } = LEASE_LIMITS,
): void {
  if (kind.$case === "leaseGrant" && leases.size >= limits.leases) throw ETCD_ERRORS.tooManyLeases;
  for (const lease of attachedBy(kind)) {
    if (leases.keyCountOf(lease) >= limits.keysOfLease) throw ETCD_ERRORS.tooManyKeysOfLease;
  }
}

function attachedBy(kind: OperationKind): ReadonlySet<string> {
  if (kind.$case === "put") return leasesOfPut(kind.value);
  return kind.$case === "txn" ? leasesOfTxn(kind.value) : NONE;
}

const NONE: ReadonlySet<string> = new Set();
