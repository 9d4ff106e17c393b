// What the caller should do after a failed attempt. Pure; leader-caller.ts acts on it.

import { status } from "@grpc/grpc-js";
import type { RpcFailure } from "../rpc-error.ts";
import type { Claim } from "./leader-breaker.ts";

export interface Endpoint {
  /** If it is known, this node's address here replaces the one that it advertises. */
  readonly nodeId?: number;
  /** host:port */
  readonly address: string;
}

export type FailureVerdict =
  /** The server's own answer, for the caller. */
  | { readonly kind: "final" }
  | { readonly kind: "redirect"; readonly claim: Claim }
  | { readonly kind: "no-leader" }
  | { readonly kind: "overloaded"; readonly delayMs: number }
  /** `mayHaveArrived`: the server may have accepted the request. */
  | { readonly kind: "unreachable"; readonly mayHaveArrived: boolean };

export function judge(failure: RpcFailure, endpoints: readonly Endpoint[]): FailureVerdict {
  if (failure.reason === "NOT_LEADER") return redirect(failure.metadata, endpoints);
  if (failure.reason === "NO_LEADER") return { kind: "no-leader" };
  if (failure.code === status.RESOURCE_EXHAUSTED && failure.retryDelayMs !== null) {
    return { kind: "overloaded", delayMs: failure.retryDelayMs };
  }
  if (!isTransportFailure(failure)) return { kind: "final" };
  return { kind: "unreachable", mayHaveArrived: !wasNeverSent(failure) };
}

/** The attempt timed out; there is no other known problem with the node. */
export function isTimeout(failure: RpcFailure): boolean {
  return failure.code === status.DEADLINE_EXCEEDED && !wasNeverSent(failure);
}

function redirect(
  metadata: Readonly<Record<string, string>>,
  endpoints: readonly Endpoint[],
): FailureVerdict {
  // An older server sends no term.
  const term = Number(metadata["term"] ?? 0);
  const { leader_id: id = "", leader_address: advertised = "", incarnation } = metadata;
  const claim = atKnownAddress({ id, address: advertised, term, incarnation }, endpoints);
  if (claim.address === "" || !Number.isSafeInteger(term)) return { kind: "no-leader" };
  return { kind: "redirect", claim };
}

/** The claim with the address at which this client knows the node, if it does. */
export function atKnownAddress(claim: Claim, endpoints: readonly Endpoint[]): Claim {
  const known = endpoints.find(({ nodeId }) => nodeId !== undefined && String(nodeId) === claim.id);
  return known === undefined ? claim : { ...claim, address: known.address };
}

// UNAVAILABLE is always retried: it means that another moment or node may succeed.
function isTransportFailure(failure: RpcFailure): boolean {
  if (failure.code === status.UNAVAILABLE || failure.code === status.DEADLINE_EXCEEDED) return true;
  if (failure.reason !== null) return false;
  // A connection that breaks during a call shows as either of these, depending on which side closed the
  // stream first.
  return (
    failure.code === status.CANCELLED ||
    (failure.code === status.INTERNAL && failure.message.includes("RST_STREAM"))
  );
}

// grpc-js's words for a call that failed or timed out before it had a connection, or that a server refused unread (RFC
// 9113 section 8.7). A client may open too many streams before it learns the limit.
export function wasNeverSent({ code, reason, message }: RpcFailure): boolean {
  if (reason !== null) return false;
  if (code === status.UNAVAILABLE) {
    return /^(No connection established|Name resolution failed|Stream refused by server)/.test(message);
  }
  return code === status.DEADLINE_EXCEEDED && message.endsWith("Waiting for LB pick");
}
