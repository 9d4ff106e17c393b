// How much memory the key space may take (etcd's --quota-backend-bytes). Beyond it the leader refuses what adds to it, so
// that keys cannot end the process that has the fleet's tables. Deletions and compactions are taken: they make room. A
// deletion first adds a version with its key. So puts leave room for the deletion of each key that exists (ADR-0046).
// This is no part of the replicated state, since replicas differ by what they have not freed yet.

import { KEY_SPACE_BYTES_MAX, KEY_SPACE_PROMISED_BYTES_MAX } from "../../kv/key-space-view.ts";
import type { PutRequest, TxnRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { KeysView } from "../group/keys-machine.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;
type Space = Pick<KeysView, "promisedBytes" | "reservedBytes" | "sweep">;

interface Quota {
  readonly bytes: number;
  /** With what the keys may take without another put. */
  readonly promisedBytes: number;
}

const QUOTA: Quota = { bytes: KEY_SPACE_BYTES_MAX, promisedBytes: KEY_SPACE_PROMISED_BYTES_MAX };

/** Of some ms together, for a write that was refused. */
const SWEEPS = 4;

export const isOverQuota = ({ reservedBytes, promisedBytes }: Space, quota = QUOTA): boolean =>
  reservedBytes > quota.bytes || reservedBytes + promisedBytes > quota.promisedBytes;

/** Throws etcd's "database space exceeded". */
export function assertRoom(space: Space, kind: OperationKind, quota = QUOTA): void {
  if (!adds(kind) || !isOverQuota(space, quota)) return;
  // A compaction's space is freed by the operations after it, and here they are refused.
  for (let sweeps = 0; sweeps < SWEEPS; sweeps += 1) space.sweep();
  throw ETCD_ERRORS.noSpace;
}

function adds(kind: OperationKind): boolean {
  switch (kind.$case) {
    case "put":
    case "leaseGrant":
      return true;
    case "txn":
      return putsOfTxn(kind.value).next().done === false;
    default:
      return false;
  }
}

/** Of both branches, and of nested transactions. */
export function* putsOfTxn({ success, failure }: TxnRequest): Generator<PutRequest, void, undefined> {
  for (const { request } of [...success, ...failure]) {
    if (request?.$case === "requestPut") yield request.value;
    else if (request?.$case === "requestTxn") yield* putsOfTxn(request.value);
  }
}
