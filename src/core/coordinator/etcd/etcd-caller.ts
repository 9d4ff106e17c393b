// The caller of a method of etcd's API, and until when it is answered. etcd gives up after seven seconds, so that a
// client without a deadline learns that there is no quorum.

import type { MonotonicMs } from "../../base/clock.ts";
import type { UnaryCall, UnaryMethod } from "../../wire/server/unary-calls.ts";
import type { Caller } from "../calls/caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { refuseWithoutLeader } from "./leader-required.ts";

/** Five seconds, and twice etcd's default election timeout. */
const REQUEST_MS_MAX = 7_000;
/** For the way back. */
const ANSWER_MARGIN_MS = 50;

/** `work` in the form that the server calls. */
export function unaryMethod<Request, Response>(
  context: EtcdContext,
  work: (request: Request, caller: Caller, call: UnaryCall<Request>) => Promise<Response>,
): UnaryMethod<Request, Response> {
  return async (call) => {
    refuseWithoutLeader(context, call.headers);
    return work(call.request, callerOf(context, call), call);
  };
}

function callerOf(context: EtcdContext, call: UnaryCall<unknown>): Caller {
  const nowMs = context.fleet.clock.monotonicMs();
  const { identity, refuseUnread } = call;
  return { identity, deadline: answerBy(nowMs, call.remainingMs(nowMs)), refuseUnread };
}

/** When an answer must leave for a caller that waits this long. */
export function answerBy(nowMs: MonotonicMs, waitMs: number): MonotonicMs {
  const remainingMs = Math.min(waitMs, REQUEST_MS_MAX);
  return nowMs + remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 4);
}
