// The reason of a change, as the audit log stores it. What must stay true: no change is begun whose entry
// would be refused for its reason. So a reason is checked once, before anything happens, and only a checked
// one is proposed.

import { status } from "@grpc/grpc-js";
import { REASON_BYTES_MAX } from "../../fleet/limits.ts";
import { rpcError } from "../../wire/rpc-error.ts";

declare const checked: unique symbol;

/** A reason that the audit log accepts. Only `reasonOf` makes one. */
export type Reason = string & { readonly [checked]: true };

/** For operations that follow from a report: constant words. */
export const ownReason = (words: "shard's report" | "shard's answers" | "first contact"): Reason =>
  words as string as Reason;

/** Throws REASON_TOO_LONG or REASON_INVALID. Bytes are counted as the audit table counts them at apply. */
export function reasonOf(text: string): Reason {
  const bytes = Buffer.byteLength(text);
  if (bytes > REASON_BYTES_MAX) {
    const message = `a reason has at most ${REASON_BYTES_MAX} bytes, this one has ${bytes}`;
    throw rpcError(status.INVALID_ARGUMENT, "REASON_TOO_LONG", message);
  }
  // The leader would store it unchanged, but the others, which decode it, would store other characters.
  if (!text.isWellFormed()) {
    throw rpcError(status.INVALID_ARGUMENT, "REASON_INVALID", "a reason is well-formed Unicode text");
  }
  return text as Reason;
}
