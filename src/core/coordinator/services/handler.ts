// What every unary handler does around its own work: who is calling, may they, until when, and errors as gRPC has
// them. What must stay true: a call is answered before the caller's own deadline, so that "no quorum" reaches the
// caller as UNAVAILABLE with its reason and not as a bare DEADLINE_EXCEEDED.

import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
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
    admit(context, call, allow)
      .then((caller) => work(call.request, caller))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(error instanceof RpcError ? error : internal(error)),
      );
  };
}

/** As `handler`, for answers that come as a stream: `work` ends when the stream has begun, not when it is over. */
export function streamHandler<Request, Response>(
  context: ServiceContext,
  allow: Allow,
  work: (call: ServerWritableStream<Request, Response>, caller: Caller) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    admit(context, call, allow)
      .then((caller) => work(call, caller))
      .catch((error: unknown) => call.emit("error", error instanceof RpcError ? error : internal(error)));
  };
}

type Admissible = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getDeadline" | "getPath">;

async function admit(context: ServiceContext, call: Admissible, allow: Allow): Promise<Caller> {
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
  const given = call.getDeadline();
  const now = context.now();
  const remainingMs = Math.min((given instanceof Date ? given.getTime() : given) - now, DEADLINE_MAX_MS);
  return { identity, deadline: now + remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 4) };
}

function internal(error: unknown): RpcError {
  const message = error instanceof Error ? error.message : String(error);
  return rpcError(status.INTERNAL, "INTERNAL", message);
}
