// What every handler does around its own work: who is calling, may they, until when, and errors as gRPC has them.
// What must stay true: a call is answered before the caller's own deadline, so that "no quorum" reaches the caller
// as UNAVAILABLE with its reason and not as a bare DEADLINE_EXCEEDED.

import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { formatIdentity, type Identity, identityOf } from "../../wire/identity.ts";
import { RpcError, rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "./context.ts";

const DEADLINE_MAX_MS = 30_000;
// For the way back and for a stalled event loop; of a very short deadline a quarter.
const ANSWER_MARGIN_MS = 100;

export interface Caller {
  readonly identity: Identity;
  /** Milliseconds since 1970 by which the answer must leave. */
  readonly deadline: number;
}

/** Who may call a method. */
export type Allow = (identity: Identity) => boolean;

export const anyIdentity: Allow = () => true;
export const adminOnly: Allow = (identity) => identity.kind === "admin";
export const operators: Allow = (identity) => identity.kind === "admin" || identity.kind === "readonly";
export const replicasOnly: Allow = (identity) => identity.kind === "replica";

/** Wraps `work` into a gRPC handler; an RpcError that it throws is the answer, anything else is INTERNAL. */
export function handler<Request, Response>(
  context: ServiceContext,
  allow: Allow,
  work: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    serve(context, call, allow, work).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toRpcError(error)),
    );
  };
}

async function serve<Request, Response>(
  context: ServiceContext,
  call: ServerUnaryCall<Request, Response>,
  allow: Allow,
  work: (request: Request, caller: Caller) => Promise<Response>,
): Promise<Response> {
  const identity = admit(context, call, allow);
  const given = call.getDeadline();
  const remainingMs = (given instanceof Date ? given.getTime() : given) - context.now();
  return work(call.request, { identity, deadline: answerBy(context, remainingMs) });
}

/** The caller's identity; throws the RpcError for one that may not call this method. */
export function admit(
  context: ServiceContext,
  call: Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getPath">,
  allow: Allow,
): Identity {
  const identity = identityOf(call, context.tls);
  if (identity === null) {
    throw rpcError(
      status.UNAUTHENTICATED,
      "IDENTITY_MISSING",
      "the certificate must hold exactly one fleet:// URI, and this one does not",
    );
  }
  if (!allow(identity)) {
    const who = formatIdentity(identity);
    throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", `${who} may not call ${call.getPath()}`, {
      who,
    });
  }
  return identity;
}

/** When the answer must leave for a caller that waits so long. */
export function answerBy(context: ServiceContext, waitMs: number): number {
  const remainingMs = Math.min(waitMs, DEADLINE_MAX_MS);
  return context.now() + remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 4);
}

/** What `work` threw, as the caller is told. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return rpcError(status.INTERNAL, "INTERNAL", message);
}
