// What every handler does around its own work: the deadline, and keeping a bug within its call. What must
// stay true: a call is answered before the caller's own deadline. So "no quorum" reaches the caller as
// UNAVAILABLE with its reason, not as a bare DEADLINE_EXCEEDED.

import type { handleServerStreamingCall, ServerWritableStream } from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import type { UnaryMethod } from "../../wire/server/unary-calls.ts";
import { callerOf, type Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "./caller.ts";
import type { ServiceContext } from "./context.ts";

const DEADLINE_MAX_MS = 30_000;
// For the way back and for a stalled event loop; a quarter of a very short deadline.
const ANSWER_MARGIN_MS = 100;

/** `work` in the form that the server calls. */
export function handler<Request, Response>(
  context: ServiceContext,
  work: (request: Request, caller: Caller) => Promise<Response>,
): UnaryMethod<Request, Response> {
  return async ({ request, identity, remainingMs, refuseUnread }) => {
    const caller = callerWith(context, identity, remainingMs(context.clock.monotonicMs()));
    return work(request, { ...caller, refuseUnread });
  };
}

/** Like `handler`, for streamed answers: `work` is done when the stream has started, not when it ends. */
export function streamHandler<Request, Response>(
  context: ServiceContext,
  work: (call: ServerWritableStream<Request, Response>, caller: Caller) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    try {
      const given = call.getDeadline();
      // grpc-js counts the caller's timeout from the arrival of the call, and gives it as a wall time.
      const remainingMs = (given instanceof Date ? given.getTime() : given) - context.clock.wallMs();
      await work(call, callerWith(context, callerOf(call, context.tls), remainingMs));
    } catch (error) {
      call.emit("error", context.internalErrors.answer(error, call.getPath()));
    }
  };
}

/** Throws the refusal of a replica that is not a member (ADR-0023). */
function callerWith(context: ServiceContext, identity: Identity, waitMs: number): Caller {
  const refused = identity.kind === "replica" ? context.refusePeer(identity.id) : null;
  if (refused !== null) throw refused;
  return { identity, deadline: answerBy(context, waitMs) };
}

/** When the answer must leave for a caller that waits this long. */
export function answerBy({ clock }: ServiceContext, waitMs: number): MonotonicMs {
  const remainingMs = Math.min(waitMs, DEADLINE_MAX_MS);
  return clock.monotonicMs() + remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 4);
}
