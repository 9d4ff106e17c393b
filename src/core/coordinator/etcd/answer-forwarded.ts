// The leader's side of a forwarded operation. Another member has checked what its client may do, and says who that is; the
// leader checks the same by its own tables. So a member whose tables are old permits no more. What the leader can't
// know is whether the member tells the truth (ADR-0047).

import { status } from "@grpc/grpc-js";
import { checkPut, checkRange, checkTxn } from "../../kv/check-request.ts";
import type { KeyError } from "../../kv/key-error.ts";
import type { DeleteRangeRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { ForwardKeysRequest, ForwardKeysResponse } from "../../wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { type Identity, parseIdentity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOfKeys } from "./etcd-errors.ts";
import { type Asked, toForwarded } from "./forwarded-answer.ts";
import { isAsked } from "./key-writes.ts";
import type { KeyStore } from "./kv-service.ts";

export async function answerForwarded(
  context: EtcdContext,
  { writes, leases, access }: Pick<KeyStore, "writes" | "leases" | "access">,
  { clusterId, kind, caller: uri }: ForwardKeysRequest,
  caller: Caller,
): Promise<ForwardKeysResponse> {
  if (clusterId !== context.fleetId) {
    const message = `this is cluster ${context.fleetId}, not ${clusterId}`;
    throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
  }
  const client = clientOf(uri);
  const keys = context.keys();
  if (keys === null) {
    context.want();
    throw ETCD_ERRORS.notCapable;
  }
  switch (kind?.$case) {
    case "operation": {
      const operation = kind.value;
      if (!isAsked(operation)) throw ETCD_ERRORS.keyNotFound;
      const refused = refusalOf(operation.kind);
      if (refused !== null) throw errorOfKeys(refused);
      if (client !== null) access.checkOperation(client, operation.kind);
      else if (!isCleanUp(operation.kind)) throw ETCD_ERRORS.permissionDenied;
      const answered = await writes.propose(keys, operation, caller);
      if (answered === null) throw ETCD_ERRORS.notLeader;
      return toForwarded(answered);
    }
    case "renewLease":
    case "leaseRemaining": {
      if (client === null) throw ETCD_ERRORS.permissionDenied;
      access.checkLease(client);
      const seconds = await leases.answer(keys, kind.$case, kind.value.id, caller);
      if (seconds === null) throw ETCD_ERRORS.notLeader;
      return { index: 0, revision: 0, answer: { $case: "seconds", value: seconds } };
    }
    case undefined:
      throw ETCD_ERRORS.notCapable;
  }
}

/** Null: the member asks for itself. */
function clientOf(uri: string): Identity | null {
  if (uri === "") return null;
  const client = parseIdentity(uri);
  if (client !== null) return client;
  throw rpcError(
    status.INVALID_ARGUMENT,
    "INVALID_CALLER",
    "the caller of a forwarded operation is no identity",
  );
}

/** A member itself removes one key: what a caller of a lock or an election has left (waiting-callers.ts). */
function isCleanUp(operation: Asked): boolean {
  if (operation.$case === "deleteRange") return isOneKey(operation.value);
  if (operation.$case !== "txn") return false;
  const requests = [...operation.value.success, ...operation.value.failure];
  return requests.every(({ request }) => request?.$case === "requestDeleteRange" && isOneKey(request.value));
}

const isOneKey = ({ rangeEnd }: DeleteRangeRequest): boolean => rangeEnd.length === 0;

/** What the member that was asked refuses before it forwards: a hostile one does not. */
function refusalOf(operation: Asked): KeyError | null {
  switch (operation.$case) {
    case "put":
      return checkPut(operation.value);
    case "deleteRange":
      return checkRange(operation.value);
    case "txn":
      return checkTxn(operation.value);
    case "compaction":
    case "leaseGrant":
    case "leaseRevoke":
      return null;
  }
}
