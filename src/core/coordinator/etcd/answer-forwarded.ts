// The leader's side of a forwarded operation. Another member has checked what its client may do, and says who that is; the
// leader checks the same by its own tables. So a member whose tables are old permits no more. What the leader can't
// know is whether the member tells the truth (ADR-0047).

import { status } from "@grpc/grpc-js";
import { checkPut, checkRange, checkTxn } from "../../kv/check-request.ts";
import type { KeyError } from "../../kv/key-error.ts";
import type { DeleteRangeRequest } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { ForwardKeysRequest, ForwardKeysResponse, KeyTransfer } from "../../wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { adminOnly, writers } from "../../wire/server/method-rules.ts";
import { type Identity, parseIdentity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOfKeys } from "./etcd-errors.ts";
import { type Asked, toForwarded } from "./forwarded-answer.ts";
import type { KeyLeaderMoves } from "./key-leader-moves.ts";
import { isAsked } from "./key-writes.ts";
import type { KeyStore } from "./kv-service.ts";
import type { MemberChange, MemberChanges } from "./member-changes.ts";

interface ForwardedTo extends Pick<KeyStore, "writes" | "leases" | "access"> {
  readonly members: Pick<MemberChanges, "perform">;
  readonly moves: Pick<KeyLeaderMoves, "note">;
}

export async function answerForwarded(
  context: EtcdContext,
  { writes, leases, access, members, moves }: ForwardedTo,
  { clusterId, kind, caller: uri }: ForwardKeysRequest,
  caller: Caller,
): Promise<ForwardKeysResponse> {
  if (clusterId !== context.fleetId) {
    const message = `this is cluster ${context.fleetId}, not ${clusterId}`;
    throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
  }
  const client = clientOf(uri);
  if (kind?.$case === "memberAdd" || kind?.$case === "memberRemove" || kind?.$case === "memberPromote")
    return changeMember(context, members, kind, client, caller);
  if (kind?.$case === "noteKeyTransfer") return noteTransfer(context, moves, kind.value, client, caller);
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

// The member checks no roles of operators: the leader of the fleet's group does. The entry's reason says which member asked.
async function changeMember(
  { fleet }: EtcdContext,
  members: ForwardedTo["members"],
  change: MemberChange,
  client: Identity | null,
  { identity, deadline }: Caller,
): Promise<ForwardKeysResponse> {
  if (client === null || !writers(client)) throw ETCD_ERRORS.permissionDenied;
  const changed = await members.perform(change, { identity: client, deadline }, askedAt(fleet, identity));
  if (changed === null) throw ETCD_ERRORS.notLeader;
  const { member, index } = changed;
  return { index, revision: 0, answer: { $case: "member", value: member } };
}

async function noteTransfer(
  { fleet }: EtcdContext,
  moves: ForwardedTo["moves"],
  transfer: KeyTransfer,
  client: Identity | null,
  { identity, deadline }: Caller,
): Promise<ForwardKeysResponse> {
  if (client === null || !adminOnly(client)) throw ETCD_ERRORS.permissionDenied;
  const ids: readonly number[] = fleet.replicas.map(({ id }) => id);
  if (!ids.includes(transfer.from) || !ids.includes(transfer.to)) throw ETCD_ERRORS.badTransferee;
  const isNoted = await moves.note(transfer, { identity: client, deadline }, askedAt(fleet, identity));
  if (!isNoted) throw ETCD_ERRORS.notLeader;
  return { index: 0, revision: 0, answer: { $case: "member", value: transfer.to } };
}

function askedAt({ replicas }: EtcdContext["fleet"], identity: Identity): string {
  return replicas.find(({ id }) => identity.kind === "replica" && id === identity.id)?.name ?? "a member";
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
