// Turns the reason of a failure into the gRPC error that tells the caller what to do instead.

import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { renderRefusal } from "../../fleet/render-refusal.ts";
import type { Result } from "../../fleet/result.ts";
import type { Rejected } from "../../wire/gen/fleet/v1/command.ts";
import { type RpcError, rpcError, withViolations } from "../../wire/rpc-error.ts";
import type { GroupPort } from "../group/group-port.ts";
import type { Refusal } from "../group/pending.ts";
import type { ServiceContext } from "./context.ts";

export const RETRY_AFTER_MS = 100;

/** The group of the call, and the replicas that may be named as its leader. */
export interface Asked extends Pick<ServiceContext, "clusterId" | "replicas"> {
  readonly driver: Pick<GroupPort<never>, "leader" | "term" | "retryDelayMs">;
}

export function refusalError(asked: Asked, refusal: Refusal): RpcError {
  switch (refusal) {
    case "not-leader":
      return notLeader(asked);
    case "no-leader":
      return unavailable("NO_LEADER", "this replica knows no leader");
    case "leadership-lost":
      return unavailable("LEADERSHIP_LOST", "the leader changed before the write was known to be committed");
    case "transferring":
      return unavailable("LEADERSHIP_TRANSFER", "leadership is being handed over");
    case "no-quorum":
      return unavailable("NO_QUORUM", "no quorum of replicas confirmed it in time");
    case "change-pending":
      return unavailable("MEMBERSHIP_CHANGE_UNDER_WAY", "another change of the configuration is under way");
    case "change-malformed": {
      const message = "the change names a number that no replica can have, or too many replicas";
      return rpcError(status.INVALID_ARGUMENT, "CONFIGURATION_CHANGE_INVALID", message);
    }
    case "overloaded":
      return overloaded("too many writes are waiting to be committed", asked.driver.retryDelayMs("write"));
    case "too-many-reads":
      return overloaded("too many reads are waiting to be confirmed", asked.driver.retryDelayMs("read"));
  }
}

function overloaded(message: string, retryDelayMs: number): RpcError {
  return rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", message, {}, retryDelayMs);
}

// By delay. In a burst thousands are refused in one pass of the event loop, and making the error costs more
// than the answer.
const BUSY = new Map<number, RpcError>();
const BUSY_STEP_MS = 50;

/** The call was not started. */
export function tooBusy({ work }: { readonly work: { readonly retryDelayMs: number } }): RpcError {
  const delayMs = Math.ceil(work.retryDelayMs / BUSY_STEP_MS) * BUSY_STEP_MS;
  const known = BUSY.get(delayMs);
  if (known !== undefined) return known;
  const made = overloaded("more calls are waiting than this replica can begin in time", delayMs);
  BUSY.set(delayMs, made);
  return made;
}

/** Nothing was written: as with overload, the caller tries again, here or at the named leader. */
export function diskFull(): RpcError {
  const message = "the leader's disk is full; it takes writes again once there is space";
  return rpcError(status.RESOURCE_EXHAUSTED, "DISK_FULL", message, {}, RETRY_AFTER_MS);
}

/**
 * Throws while this replica's state can't be trusted (ADR-0017). With a fenced replica callers try another
 * one. During a dispute no other would answer either.
 */
export function assertTrusted(context: Pick<ServiceContext, "trust" | "self" | "replicas">): void {
  const { now } = context.trust;
  switch (now.kind) {
    case "trusted":
      return;
    case "diverged": {
      // The list is made from the tables each time, and every write asks whether its replica is trusted.
      const { self, replicas } = context;
      const name = replicas.find(({ id }) => id === self)?.name ?? String(self);
      const message = `the state of ${name} is not what the other replicas have (found at index ${now.index}): it serves nothing until it is rebuilt`;
      throw rpcError(status.UNAVAILABLE, "REPLICA_DIVERGED", message, { node: name }, RETRY_AFTER_MS);
    }
    case "disputed": {
      const message = `the replicas' states differ at index ${now.index}, and none has a majority, so none of them can be trusted`;
      throw rpcError(status.FAILED_PRECONDITION, "STATE_DISPUTED", message, { index: String(now.index) });
    }
  }
}

/** Another replica has a state to read from. */
export function restoring(): RpcError {
  return unavailable(
    "REPLICA_RESTORING",
    "this replica is receiving a snapshot, and has no state to read yet",
  );
}

/** Names the leader, so that the caller need not search. */
export function notLeader(asked: Asked): RpcError {
  const leader = asked.replicas.find((replica) => replica.id === asked.driver.leader);
  if (leader === undefined) return refusalError(asked, "no-leader");
  return rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", `${leader.name} leads, ask there`, {
    leader_id: String(leader.id),
    leader_name: leader.name,
    leader_address: leader.address,
    term: String(asked.driver.term),
    incarnation: asked.clusterId,
  });
}

/** A read of bounded staleness that this replica can't promise; another may. `ageMs`: null = unknown. */
export function tooStale(ageMs: number | null, maxMs: number): RpcError {
  const age = ageMs === null ? "by how much is not known" : `by up to ${ageMs} ms`;
  const message = `what this replica has may be older than ${maxMs} ms, ${age}: no quorum confirms it`;
  const metadata = {
    max_staleness_ms: String(maxMs),
    ...(ageMs !== null && { staleness_ms: String(ageMs) }),
  };
  return rpcError(status.UNAVAILABLE, "TOO_STALE", message, metadata, RETRY_AFTER_MS);
}

/** An operator has no permission (fleet/permissions/authorize.ts). */
const DENIALS: ReadonlySet<string> = new Set(["GRANT_MISSING", "ROLE_MISSING", "ADMINISTRATOR_ONLY"]);

/** A command that the state machine refused: the caller's mistake or a lost race, with its stable reason. */
export function rejectionError(rejected: Rejected): RpcError {
  const { reason, message, metadata, rows } = renderRefusal(rejected);
  const code = DENIALS.has(reason) ? status.PERMISSION_DENIED : status.FAILED_PRECONDITION;
  const error = rpcError(code, reason, message, metadata);
  return rows.length === 0 ? error : withViolations(error, rows);
}

/** For a result that is known to be a refusal. */
export function resultError(result: Result): RpcError {
  assert(result.$case === "rejected", "only a refusal is an error");
  return rejectionError(result.value);
}

function unavailable(reason: string, message: string): RpcError {
  return rpcError(status.UNAVAILABLE, reason, message, {}, RETRY_AFTER_MS);
}
