// Turns a call's error into the one that an operator reads: one place for codes and exit codes.

import { status } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { LeaderUnavailable } from "../core/wire/leader/leader-search.ts";
import { type RpcFailure, readRpcError } from "../core/wire/rpc-error.ts";
import { failureWords, isTlsFailure, speaksNoTls } from "./failure-words.ts";
import { adviceByReason } from "./refusal-advice.ts";

/**
 * Any thrown value as an OperatorError; an OperatorError is returned unchanged. `call` chooses the words for
 * a timeout. `address`: the one node that was asked, where no search for the leader knows it.
 */
export function toOperatorError(
  error: unknown,
  call: "read" | "write" = "write",
  address?: string,
): OperatorError {
  if (error instanceof OperatorError) return error;
  if (error instanceof LeaderUnavailable) return unavailable(error, call);
  return fromFailure(readRpcError(error), error, call, address);
}

function unavailable(error: LeaderUnavailable, call: "read" | "write"): OperatorError {
  const endpoint = error.tried.join(", ");
  const { last } = error;
  if (last !== null && isTlsFailure(last.failure))
    return fromFailure(last.failure, error, call, last.address);
  const why = last === null ? "no node answered" : failureWords(last.failure);
  if (error.isOutcomeUnknown && call === "read") {
    return new OperatorError("READ_TIMED_OUT", {
      what: "the deadline passed before the fleet answered",
      why,
      next: "nothing was changed; see which nodes are up: fleet status",
      endpoint,
      exit: Exit.NoQuorum,
      cause: error,
    });
  }
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
  const advised = adviceByReason[last?.failure.reason ?? ""];
  return new OperatorError("UNAVAILABLE", {
    what: "no leader answered in time",
    why,
    next: advised?.next(last?.failure.metadata ?? {}) ?? "see which nodes are up: fleet status",
    endpoint,
    exit: Exit.NoQuorum,
    cause: error,
  });
}

function fromFailure(
  failure: RpcFailure,
  cause: unknown,
  call: "read" | "write",
  address?: string,
): OperatorError {
  const { next, exit } = advice(failure, call);
  return new OperatorError(failure.reason ?? status[failure.code], {
    what: failureWords(failure, address),
    next,
    ...(address === undefined ? {} : { endpoint: address }),
    ...currentOf(failure),
    exit,
    cause,
  });
}

/**
 * For a failed comparison of versions, the row's own version. If the caller gave no version, the one to give.
 */
function currentOf({ metadata }: RpcFailure): { readonly current?: string } {
  const current = metadata["actual"] ?? metadata["version"];
  return current === undefined ? {} : { current };
}

function advice(failure: RpcFailure, call: "read" | "write"): { readonly next: string; readonly exit: Exit } {
  const reasoned = failure.reason === null ? undefined : adviceByReason[failure.reason];
  if (reasoned !== undefined) {
    const { next, exit = Exit.Precondition } = reasoned;
    return { next: next(failure.metadata), exit };
  }
  if (speaksNoTls(failure))
    return { next: "check the address: --endpoints, or the context's", exit: Exit.Authentication };
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
      // A read changes nothing, so its outcome is never unknown.
      return {
        next: "see which nodes are up: fleet status",
        exit: call === "read" ? Exit.NoQuorum : Exit.TimedOut,
      };
    case status.RESOURCE_EXHAUSTED:
      return {
        next: "wait a moment, then try again; if it is refused again, send fewer calls at once",
        exit: Exit.Failure,
      };
    case status.UNIMPLEMENTED:
      return { next: "compare the builds: fleet version, fleet status -o wide", exit: Exit.Failure };
    default:
      return { next: "see which nodes are up: fleet status", exit: Exit.Failure };
  }
}
