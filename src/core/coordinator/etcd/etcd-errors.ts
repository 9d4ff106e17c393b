// Errors of etcd's API, with the codes and texts that its clients compare (api/v3rpc/rpctypes/error.go, etcd 3.5).
// What must stay true: a text never changes. Clients find an error by its text, and decide by it whether to retry.

import { Metadata, status } from "@grpc/grpc-js";
import type { KeyError } from "../../kv/key-error.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { answerTooLarge } from "../../wire/server/unary-calls.ts";
import type { KeysTrust } from "../group/keys-machine.ts";
import type { Refusal } from "../group/pending.ts";

/** Without details: etcd's errors have none. */
export const plainError = (code: status, text: string): RpcError => new RpcError(code, text, new Metadata());
const PREFIX = "etcdserver: ";
export const etcdError = (code: status, text: string): RpcError => plainError(code, `${PREFIX}${text}`);

const { INVALID_ARGUMENT, OUT_OF_RANGE, RESOURCE_EXHAUSTED, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE } =
  status;

export const ETCD_ERRORS = {
  emptyKey: etcdError(INVALID_ARGUMENT, "key is not provided"),
  keyNotFound: etcdError(INVALID_ARGUMENT, "key not found"),
  valueProvided: etcdError(INVALID_ARGUMENT, "value is provided"),
  leaseProvided: etcdError(INVALID_ARGUMENT, "lease is provided"),
  tooManyOperations: etcdError(INVALID_ARGUMENT, "too many operations in txn request"),
  duplicateKey: etcdError(INVALID_ARGUMENT, "duplicate key given in txn request"),
  compacted: etcdError(OUT_OF_RANGE, "mvcc: required revision has been compacted"),
  futureRevision: etcdError(OUT_OF_RANGE, "mvcc: required revision is a future revision"),
  noSpace: etcdError(RESOURCE_EXHAUSTED, "mvcc: database space exceeded"),
  leaseNotFound: etcdError(NOT_FOUND, "requested lease not found"),
  leaseExists: etcdError(FAILED_PRECONDITION, "lease already exists"),
  leaseTtlTooLarge: etcdError(OUT_OF_RANGE, "too large lease TTL"),
  // Between members only: the keys are checked again.
  leaseChanged: etcdError(UNAVAILABLE, "a key was attached to the lease"),
  // These two are not etcd's, which has no such limits.
  tooManyLeases: etcdError(RESOURCE_EXHAUSTED, "too many leases"),
  tooManyKeysOfLease: etcdError(RESOURCE_EXHAUSTED, "too many keys attached to one lease"),
  memberNotFound: etcdError(NOT_FOUND, "member not found"),
  memberBadUrls: etcdError(INVALID_ARGUMENT, "given member URLs are invalid"),
  memberNotLearner: etcdError(FAILED_PRECONDITION, "can only promote a learner member"),
  learnerNotReady: etcdError(
    FAILED_PRECONDITION,
    "can only promote a learner member which is in sync with leader",
  ),
  peerUrlExists: etcdError(FAILED_PRECONDITION, "Peer URLs already exists"),
  unhealthy: etcdError(UNAVAILABLE, "unhealthy cluster"),
  requestTooLarge: etcdError(INVALID_ARGUMENT, "request is too large"),
  tooManyRequests: etcdError(RESOURCE_EXHAUSTED, "too many requests"),
  permissionDenied: etcdError(status.PERMISSION_DENIED, "permission denied"),
  authNotEnabled: etcdError(FAILED_PRECONDITION, "authentication is not enabled"),
  noLeader: etcdError(UNAVAILABLE, "no leader"),
  notLeader: etcdError(FAILED_PRECONDITION, "not leader"),
  leaderChanged: etcdError(UNAVAILABLE, "leader changed"),
  stopped: etcdError(UNAVAILABLE, "server stopped"),
  // As with etcd's alarm: the members' keys differ, and none has a majority (ADR-0070).
  corrupt: etcdError(status.DATA_LOSS, "corrupt cluster"),
  // Not etcd's. Unavailable, because another member can answer.
  diverged: etcdError(
    UNAVAILABLE,
    "the keys of this member are wrong, and it serves none until it is rebuilt",
  ),
  // The fleet's version does not allow a key space yet, or this replica has not opened it.
  notCapable: etcdError(UNAVAILABLE, "not capable"),
  timeout: etcdError(UNAVAILABLE, "request timed out"),
  timeoutLeaderFailed: etcdError(UNAVAILABLE, "request timed out, possibly due to previous leader failure"),
  timeoutConnectionLost: etcdError(UNAVAILABLE, "request timed out, possibly due to connection lost"),
  canceled: etcdError(status.CANCELLED, "request canceled"),
  sessionExpired: plainError(status.UNKNOWN, "mutex: session is expired"),
  badTransferee: etcdError(FAILED_PRECONDITION, "bad leader transferee"),
} as const;

/** The error of a write or a read that got no result. Whether a write took effect is unknown. */
export function errorOf(refusal: Refusal): RpcError {
  switch (refusal) {
    case "no-leader":
    case "no-quorum":
      return ETCD_ERRORS.timeout;
    case "leadership-lost":
      return ETCD_ERRORS.timeoutLeaderFailed;
    case "not-leader":
    case "transferring":
      return ETCD_ERRORS.leaderChanged;
    case "overloaded":
    case "too-many-reads":
      return ETCD_ERRORS.tooManyRequests;
    case "change-pending":
    case "change-malformed":
      return ETCD_ERRORS.stopped;
  }
}

/** Why a member has no key space to read. */
export function errorOfUnreadable({ isTrusted, isFenced }: KeysTrust): RpcError {
  if (isTrusted) return ETCD_ERRORS.stopped;
  return isFenced ? ETCD_ERRORS.diverged : ETCD_ERRORS.corrupt;
}

/** The error of an operation that the key space refused. */
export function errorOfKeys(error: KeyError): RpcError {
  switch (error) {
    case "empty-key":
      return ETCD_ERRORS.emptyKey;
    case "key-not-found":
    case "operation-unknown":
      return ETCD_ERRORS.keyNotFound;
    case "value-provided":
      return ETCD_ERRORS.valueProvided;
    case "lease-provided":
      return ETCD_ERRORS.leaseProvided;
    case "too-many-operations":
      return ETCD_ERRORS.tooManyOperations;
    case "duplicate-key":
      return ETCD_ERRORS.duplicateKey;
    case "compacted":
      return ETCD_ERRORS.compacted;
    case "future-revision":
      return ETCD_ERRORS.futureRevision;
    case "lease-not-found":
      return ETCD_ERRORS.leaseNotFound;
    case "lease-exists":
      return ETCD_ERRORS.leaseExists;
    case "lease-changed":
      return ETCD_ERRORS.leaseChanged;
    case "too-many-leases":
      return ETCD_ERRORS.tooManyLeases;
    case "too-many-keys-of-lease":
      return ETCD_ERRORS.tooManyKeysOfLease;
    // Not etcd's: the retention window keeps more history than there may be. Writes are pushed back until it ends.
    case "history-full":
      return ETCD_ERRORS.tooManyRequests;
    // Not etcd's either: it builds any answer.
    case "reads-too-much":
      return ETCD_ERRORS.requestTooLarge;
    case "answer-too-large":
      return answerTooLarge("too many keys");
    case "lease-ttl-too-large":
      return ETCD_ERRORS.leaseTtlTooLarge;
    // No caller asks for it: the leader itself does (retention-keeper.ts).
    case "retention-changed":
      return ETCD_ERRORS.stopped;
  }
}

/** For what this server does not do although etcd does. gRPC's own code says it; the text names the way here. */
export const notServed = (text: string): RpcError => etcdError(status.UNIMPLEMENTED, text);

/** An error of this API that another member has answered; null if it is not one. Some of its texts name a member. */
export function etcdErrorOf(code: status, text: string): RpcError | null {
  const known = Object.values(ETCD_ERRORS).find((error) => error.code === code && error.details === text);
  return known ?? (text.startsWith(PREFIX) ? plainError(code, text) : null);
}
