// From what a call came to, to what an operator should read: one place for codes, exit codes and next steps.

import { status } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { LeaderUnavailable } from "../core/wire/leader-search.ts";
import { type RpcFailure, readRpcError } from "../core/wire/rpc-error.ts";
import { failureWords, isTlsFailure } from "./failure-words.ts";

/** Any thrown value as an OperatorError; one that already is passes through. */
export function toOperatorError(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  if (error instanceof LeaderUnavailable) return unavailable(error);
  return fromFailure(readRpcError(error), error);
}

function unavailable(error: LeaderUnavailable): OperatorError {
  const endpoint = error.tried.join(", ");
  if (error.last !== null && isTlsFailure(error.last)) return fromFailure(error.last, error);
  const why = error.last === null ? "nobody answered" : failureWords(error.last);
  if (error.isOutcomeUnknown) {
    return new OperatorError("OUTCOME_UNKNOWN", {
      what: "the deadline passed before the write was known to be committed",
      why,
      next: "look at the state before trying again: fleet status, fleet audit list",
      endpoint,
      exit: Exit.TimedOut,
      cause: error,
    });
  }
  return new OperatorError("UNAVAILABLE", {
    what: "no leader answered in time",
    why,
    next: "see which nodes are up: fleet status",
    endpoint,
    exit: Exit.NoQuorum,
    cause: error,
  });
}

function fromFailure(failure: RpcFailure, cause: unknown): OperatorError {
  const { next, exit } = advice(failure);
  return new OperatorError(failure.reason ?? status[failure.code], {
    what: failureWords(failure),
    next,
    exit,
    cause,
  });
}

function advice(failure: RpcFailure): { readonly next: string; readonly exit: Exit } {
  const reasoned = failure.reason === null ? undefined : adviceByReason[failure.reason];
  if (reasoned !== undefined) return { next: reasoned(failure.metadata), exit: Exit.Precondition };
  if (isTlsFailure(failure))
    return { next: "check the certificates: --ca, --cert, --key", exit: Exit.Authentication };
  switch (failure.code) {
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return {
        next: "use a certificate that may do this, such as certs/admin.crt",
        exit: Exit.Authentication,
      };
    case status.INVALID_ARGUMENT:
      return { next: "correct the value and try again", exit: Exit.Usage };
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
      return { next: "look at the current state, then try again", exit: Exit.Precondition };
    case status.DEADLINE_EXCEEDED:
      return { next: "see which nodes are up: fleet status", exit: Exit.TimedOut };
    default:
      return { next: "see which nodes are up: fleet status", exit: Exit.Failure };
  }
}

type Metadata = RpcFailure["metadata"];

const adviceByReason: Readonly<Record<string, (metadata: Metadata) => string>> = {
  CLUSTER_ALREADY_BOUND: ({ owner }) =>
    `move it from ${owner} with: fleet rebind --cluster <cluster> --to <shard>`,
  CLUSTER_UNKNOWN: () => "see the known clusters: fleet cluster list",
  SHARD_UNKNOWN: () => "see the known shards: fleet shard list",
  MIGRATION_UNDER_WAY: () => "finish it, or undo it with: fleet rebind rollback",
  OWNER_CHANGED: () => "see who owns it now: fleet cluster list",
  DOMAIN_ALREADY_ASSIGNED: () =>
    "see who has it: fleet domain list; unassign it first, or give --expect-version",
  MEMBER_UNKNOWN: () => "see the members: fleet member list",
  MEMBER_EXISTS: () => "choose another name, number and address: fleet member list shows those in use",
  MEMBER_REMOVED: () => "give the node a number that was never used",
  QUORUM_WOULD_BE_LOST: () => "start the nodes that are down, or add a member first: fleet member add",
  ONLY_VOTER: () => "fleet member promote, then fleet member remove",
  MEMBER_NOT_CAUGHT_UP: () => "wait until it has: fleet member list -w",
  CONFIGURATION_CHANGED: () => "look at it again, and take its index from there: fleet member list",
  NOT_A_VOTER: () => "choose a voter, or let the fleet choose: fleet leader transfer --to auto",
  MEMBER_UNREACHABLE: () => "see which nodes are up: fleet status",
  NO_SUCCESSOR: () => "see which nodes are up: fleet status",
  TRANSFER_FAILED: () => "the leader leads on; try again, or another node: fleet leader transfer --to NODE",
  VERSION_CONFLICT: () => "read the current version: fleet domain list",
};
