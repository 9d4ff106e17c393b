// How much memory the key space may take (etcd's --quota-backend-bytes). Beyond it the leader refuses what adds to it, so
// that keys cannot end the process that has the fleet's tables. Deletions and compactions are taken: they make room.
// This is no part of the replicated state, since replicas differ by what they have not freed yet.

import { KEY_SPACE_BYTES_MAX } from "../../kv/key-space-view.ts";
import type { TxnRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { KeysView } from "../group/keys-machine.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;
type Space = Pick<KeysView, "reservedBytes" | "sweep">;

/** Of some ms together, for a write that was refused. */
const SWEEPS = 4;

export const isOverQuota = ({ reservedBytes }: Space, quota = KEY_SPACE_BYTES_MAX): boolean =>
  reservedBytes > quota;

/** Throws etcd's "database space exceeded". */
export function assertRoom(space: Space, kind: OperationKind, quota = KEY_SPACE_BYTES_MAX): void {
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
      return puts(kind.value);
    default:
      return false;
  }
}

function puts({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].some(
    ({ request }) =>
      request?.$case === "requestPut" || (request?.$case === "requestTxn" && puts(request.value)),
  );
}
