// The door of every method of every service: a caller without exactly one identity is refused everywhere, health and
// reflection included, and one that may not call this method is told so. Reasons are the same on every port.

import { type ServerUnaryCall, status } from "@grpc/grpc-js";
import { formatIdentity, type Identity, identityOf } from "./identity.ts";
import { RpcError, rpcError } from "./rpc-error.ts";
import type { Tls } from "./tls.ts";

/** Who may call a method. */
export type Allow = (identity: Identity) => boolean;

export const anyIdentity: Allow = () => true;
/** An agent knows nothing of coordinators, and has no business with them. */
export const allButAgents: Allow = ({ kind }) => kind !== "cluster";
export const adminOnly: Allow = ({ kind }) => kind === "admin";
export const operators: Allow = ({ kind }) => kind === "admin" || kind === "readonly";
export const replicasOnly: Allow = ({ kind }) => kind === "replica";
export const shardsAndAdmin: Allow = ({ kind }) => kind === "shard" || kind === "admin";

type Call = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getPath">;

/** The caller's identity; throws the RpcError for one that may not call this method. */
export function admit(call: Call, tls: Tls, allow: Allow): Identity {
  const caller = admitted(call, tls, allow);
  if (caller instanceof RpcError) throw caller;
  return caller;
}

/** As `admit`, for who has nobody to throw to. */
export function admitted(call: Call, tls: Tls, allow: Allow): Identity | RpcError {
  const identity = identityOf(call, tls);
  if (identity === null) {
    const message = "the certificate must hold exactly one URI, a fleet:// one, and this one does not";
    return rpcError(status.UNAUTHENTICATED, "IDENTITY_MISSING", message);
  }
  if (allow(identity)) return identity;
  const who = formatIdentity(identity);
  const message = `${who} may not call ${call.getPath()}`;
  return rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message, { who });
}
