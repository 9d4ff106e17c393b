// How long a key may be that is put, and so a name of a lock or an election. Etcd's keys are as long as a request. Here some
// parts of the heap hold keys as texts: the index, leases, watches and waiting callers (ADR-0046). The leader refuses longer
// keys before it proposes them. Applying does not ask, so keys of earlier builds stay, and can be read and deleted.

import { KEY_BYTES_MAX } from "../../kv/key-space-view.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import { putsOfTxn } from "./key-quota.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;

/** Throws etcd's "request is too large". */
export function assertKeyLength(key: Uint8Array): void {
  if (key.length > KEY_BYTES_MAX) throw ETCD_ERRORS.requestTooLarge;
}

/** Of all keys that the operation may put. */
export function assertKeyLengths(kind: OperationKind): void {
  if (kind.$case === "put") assertKeyLength(kind.value.key);
  else if (kind.$case === "txn") for (const { key } of putsOfTxn(kind.value)) assertKeyLength(key);
}
