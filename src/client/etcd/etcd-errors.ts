// What a failed call of etcd's API means to an operator, and whether it may be repeated. etcd's errors have texts
// and no reasons: the texts are those of etcd 3.4 and 3.5 (api/v3rpc/rpctypes/error.go). Pure.

import { status } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { judge } from "../../core/wire/leader/leader-verdict.ts";
import { isAnswerRefused } from "../../core/wire/refused-answers.ts";
import { type RpcFailure, readRpcError } from "../../core/wire/rpc-error.ts";
import { failureWords, isTlsFailure, speaksNoTls } from "../failure-words.ts";

/** A write may be applied although its answer is lost, so it is repeated only if it was not. */
export type CallKind = "read" | "write";

export type CallVerdict =
  /** The answer, for the caller. */
  | "final"
  /** Another endpoint, or another moment, may succeed. */
  | "again"
  /** It may have been applied: it is not repeated. */
  | "unknown";

// What a server says before it proposes anything.
const REFUSED = /^etcdserver: (no leader|too many requests|not capable|rpc not supported for learner)/;
// What it says of a read while leadership moves.
const READ_AGAIN = /^etcdserver: (leader changed|request timed out|server stopped|.*not leader)/;

export function verdictOf(failure: RpcFailure, kind: CallKind): CallVerdict {
  if (REFUSED.test(failure.message)) return "again";
  if (kind === "read" && READ_AGAIN.test(failure.message)) return "again";
  if (kind === "write" && isAnswerRefused(failure)) return "unknown";
  const verdict = judge(failure, []);
  if (verdict.kind === "final") return "final";
  if (verdict.kind !== "unreachable") return "again";
  return kind === "read" || !verdict.mayHaveArrived ? "again" : "unknown";
}

interface Advice {
  readonly text: RegExp;
  readonly code: string;
  readonly next: string;
  readonly exit: Exit;
}

const ADVICE: readonly Advice[] = [
  {
    text: /revision has been compacted/,
    code: "REVISION_COMPACTED",
    next: "read at a later revision, or leave --rev out",
    exit: Exit.Precondition,
  },
  {
    text: /revision is a future revision/,
    code: "REVISION_FUTURE",
    next: "leave --rev out, or give a revision that exists",
    exit: Exit.Precondition,
  },
  {
    text: /requested lease not found/,
    code: "LEASE_UNKNOWN",
    next: "see the leases: fleet lease list",
    exit: Exit.NotFound,
  },
  {
    text: /lease already exists/,
    code: "LEASE_EXISTS",
    next: "choose another --id, or leave it out",
    exit: Exit.Precondition,
  },
  {
    text: /key not found/,
    code: "KEY_UNKNOWN",
    next: "put the key without --ignore-value and --ignore-lease",
    exit: Exit.NotFound,
  },
  {
    text: /too many operations|request is too large|duplicate key|key is not provided|value is provided|lease is provided|too large lease TTL/,
    code: "REQUEST_REFUSED",
    next: "correct the request; it was refused as a whole",
    exit: Exit.Usage,
  },
  {
    text: /database space exceeded/,
    code: "NO_SPACE",
    next: "compact (fleet kv compact), defragment each node, and disarm the alarm (etcdctl alarm disarm)",
    exit: Exit.Failure,
  },
  {
    text: /permission denied|user name is empty|invalid auth token|authentication failed|invalid user/,
    code: "PERMISSION_DENIED",
    // A fleet's keys and those of etcd are refused in the same words.
    next: 'in a fleet, ask an administrator for a role: fleet role create ROLE --allow "write key NAME", then fleet role grant ROLE --to OPERATOR. On plain etcd, use a certificate whose common name is a user with this permission',
    exit: Exit.Authentication,
  },
  {
    text: /member not found|bad leader transferee|unhealthy cluster|Peer URLs already exists|member ID already exist|not leader|re-configuration failed|too many learner|can only promote/,
    code: "MEMBERSHIP_REFUSED",
    next: "see the members and their state: fleet member list, fleet status",
    exit: Exit.Precondition,
  },
];

/** The server's own answer as the error that an operator reads. */
export function answeredError(failure: RpcFailure, endpoint: string, cause: unknown): OperatorError {
  const what = failureWords(failure).replace(/^etcdserver: (mvcc: )?/, "");
  const advice = ADVICE.find(({ text }) => text.test(failure.message));
  if (advice !== undefined) {
    const { code, next, exit } = advice;
    return new OperatorError(code, { what, next, exit, endpoint, cause });
  }
  if (isTlsFailure(failure)) return tlsRefused(failure, endpoint, cause);
  const { exit, next } = byCode(failure.code);
  const words = failure.code === status.UNIMPLEMENTED ? "the server does not know this call" : what;
  return new OperatorError(status[failure.code] ?? "UNKNOWN", { what: words, next, exit, endpoint, cause });
}

function byCode(code: status): { readonly exit: Exit; readonly next: string } {
  switch (code) {
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return { exit: Exit.Authentication, next: "use a certificate that may do this" };
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return { exit: Exit.Usage, next: "correct the value and try again" };
    case status.UNIMPLEMENTED:
      return { exit: Exit.Failure, next: "check that the endpoints serve etcd's v3 API" };
    case status.NOT_FOUND:
      return { exit: Exit.NotFound, next: "check the name" };
    case status.RESOURCE_EXHAUSTED:
      return { exit: Exit.Failure, next: "wait a moment, then try again" };
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
      return { exit: Exit.Precondition, next: "look at the current state, then try again" };
    default:
      return { exit: Exit.Failure, next: "see which nodes are up: fleet status" };
  }
}

/** No endpoint gave an answer by the deadline; `last` is what the last one said, null if it never connected. */
export function noAnswer(
  last: unknown,
  kind: CallKind,
  mayHaveArrived: boolean,
  endpoint: string,
): OperatorError {
  const failure = last === null ? null : readRpcError(last);
  if (failure !== null && isTlsFailure(failure)) return tlsRefused(failure, endpoint, last);
  const why = failure === null ? "no connection could be made" : failureWords(failure);
  const cause = last === null ? {} : { cause: last };
  if (kind === "write" && mayHaveArrived) {
    return new OperatorError("OUTCOME_UNKNOWN", {
      what: "the answer was lost: the write may have been applied",
      why,
      next: "look at the keys before you try again: fleet kv get",
      endpoint,
      exit: Exit.TimedOut,
      ...cause,
    });
  }
  return new OperatorError("UNAVAILABLE", {
    what: "no endpoint answered in time",
    why,
    next: "check the endpoints (fleet context view), and that a quorum of the nodes is up",
    endpoint,
    exit: Exit.NoQuorum,
    ...cause,
  });
}

function tlsRefused(failure: RpcFailure, endpoint: string, cause: unknown): OperatorError {
  const isPlain = speaksNoTls(failure);
  return new OperatorError("TLS_REFUSED", {
    what: isPlain ? failureWords(failure, endpoint) : "the two sides refused each other's certificates",
    ...(isPlain ? {} : { why: failureWords(failure) }),
    next: isPlain
      ? "check the address: --endpoints, or the context's"
      : "check the certificates: --ca, --cert, --key, or the context's",
    endpoint,
    exit: Exit.Authentication,
    cause,
  });
}
