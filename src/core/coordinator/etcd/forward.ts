// Asks the leader of the key space for a caller of this member (ADR-0047).

import { status } from "@grpc/grpc-js";
import type { NodeId } from "../../base/ids.ts";
import type { ForwardKeysRequest, ForwardKeysResponse, RaftClient } from "../../wire/gen/fleet/v1/raft.ts";
import { wasNeverSent } from "../../wire/leader/leader-verdict.ts";
import { type RpcFailure, readRpcError } from "../../wire/rpc-error.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import { unary } from "../../wire/unary.ts";
import type { Caller } from "../calls/caller.ts";
import { ETCD_ERRORS, etcdErrorOf } from "./etcd-errors.ts";

export interface ForwardedWrites {
  /** Null: nothing was proposed, because the member does not lead or was not reached. Throws an RpcError. */
  ask(
    leader: NodeId,
    kind: NonNullable<ForwardKeysRequest["kind"]>,
    caller: Pick<Caller, "identity" | "deadline" | "isCleanUp">,
  ): Promise<ForwardKeysResponse | null>;
}

/** The transport's connections to the peers. */
export interface PeerClients {
  clientTo(peer: NodeId): RaftClient | null;
}

export function forwardingBy(clusterId: string, peers: PeerClients): ForwardedWrites {
  return {
    ask: async (leader, kind, { identity, deadline, isCleanUp }) => {
      const client = peers.clientTo(leader);
      if (client === null) return null;
      try {
        const caller = isCleanUp === true ? "" : formatIdentity(identity);
        const request = { clusterId, kind, caller };
        return await unary(client.forwardKeys.bind(client), request, { endMs: deadline });
      } catch (error) {
        return notProposed(readRpcError(error));
      }
    },
  };
}

// What the leader's door and its queues refuse before they have begun the operation. A reason that is not here may come
// after it: of its answer (refused-answers.ts), or of a later build.
const BEFORE: ReadonlySet<string> = new Set([
  "CALLS_TOO_OFTEN",
  "TOO_MANY_CALLS",
  "BYTES_TOO_OFTEN",
  "REFUSED_TOO_OFTEN",
  "REQUEST_TOO_LARGE",
  "OVERLOADED",
]);

/** Null; throws the error for the caller if the operation may have been proposed, or was refused. */
function notProposed(failure: RpcFailure): null {
  const { code, reason, message } = failure;
  if (message === ETCD_ERRORS.notLeader.details || wasNeverSent(failure)) return null;
  const error = etcdErrorOf(code, message);
  if (error !== null) throw error;
  if (reason !== null && BEFORE.has(reason)) throw ETCD_ERRORS.tooManyRequests;
  switch (code) {
    case status.UNIMPLEMENTED:
      throw ETCD_ERRORS.notCapable;
    case status.DEADLINE_EXCEEDED:
      throw ETCD_ERRORS.timeout;
    default:
      throw ETCD_ERRORS.timeoutConnectionLost;
  }
}
