// What every handler does around its own work: who is calling, may they, until when, and errors as gRPC has them.
// What must stay true: a call is answered before the caller's own deadline, so that "no quorum" reaches the caller
// as UNAVAILABLE with its reason and not as a bare DEADLINE_EXCEEDED.

import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
} from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import { type Allow, admit } from "../../wire/admit.ts";
import type { Identity } from "../../wire/identity.ts";
import type { ServiceContext } from "./context.ts";

const DEADLINE_MAX_MS = 30_000;
// For the way back and for a stalled event loop; of a very short deadline a quarter.
const ANSWER_MARGIN_MS = 100;

export interface Caller {
  readonly identity: Identity;
  /** By then the answer must leave. */
  readonly deadline: MonotonicMs;
}

/** Wraps `work` into a gRPC handler; an RpcError that it throws is the answer, anything else is a bug (InternalErrors). */
export function handler<Request, Response>(
  context: ServiceContext,
  allow: Allow,
  work: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    serve(context, call, allow, work).then(
      (response) => callback(null, response),
      (error: unknown) => callback(context.internalErrors.answer(error, call.getPath())),
    );
  };
}

async function serve<Request, Response>(
  context: ServiceContext,
  call: ServerUnaryCall<Request, Response>,
  allow: Allow,
  work: (request: Request, caller: Caller) => Promise<Response>,
): Promise<Response> {
  return work(call.request, callerOf(context, call, allow));
}

/** As `handler`, for answers that come as a stream: `work` is done when the stream has begun, not when it is over. */
export function streamHandler<Request, Response>(
  context: ServiceContext,
  allow: Allow,
  work: (call: ServerWritableStream<Request, Response>, caller: Caller) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    try {
      await work(call, callerOf(context, call, allow));
    } catch (error) {
      call.emit("error", context.internalErrors.answer(error, call.getPath()));
    }
  };
}

function callerOf(
  context: ServiceContext,
  call: Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext" | "getPath" | "getDeadline">,
  allow: Allow,
): Caller {
  const identity = admit(call, context.tls, allow);
  const refused = identity.kind === "replica" ? context.refusePeer(identity.id) : null;
  if (refused !== null) throw refused;
  const given = call.getDeadline();
  // grpc-js counts what the caller waits from when the call came, and tells it as a wall time.
  const remainingMs = (given instanceof Date ? given.getTime() : given) - context.clock.wallMs();
  return { identity, deadline: answerBy(context, remainingMs) };
}

/** When the answer must leave for a caller that waits so long. */
export function answerBy({ clock }: ServiceContext, waitMs: number): MonotonicMs {
  const remainingMs = Math.min(waitMs, DEADLINE_MAX_MS);
  return clock.monotonicMs() + remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 4);
}
