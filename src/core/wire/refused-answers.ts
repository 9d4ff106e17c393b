// Errors that come after the method has run: it is the answer that was refused. So a write may have been applied, and is
// repeated only if that does no harm.

import { status } from "@grpc/grpc-js";
import type { RpcFailure } from "./rpc-error.ts";

/** The server found no room for the answer, or no caller's library would take it (server/unary-calls.ts). */
const REASONS: ReadonlySet<string> = new Set(["ANSWERS_UNREAD", "ANSWER_TOO_LARGE"]);
// grpc-js's words, at the caller.
const NOT_TAKEN = "Received message larger than max";

/** ANSWERS_UNREAD may also come before the method: that can't be told apart. */
export function isAnswerRefused({ code, reason, message }: RpcFailure): boolean {
  if (reason !== null) return REASONS.has(reason);
  return code === status.RESOURCE_EXHAUSTED && message.startsWith(NOT_TAKEN);
}
