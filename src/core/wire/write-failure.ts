// Why a write on a stream got no answer, as errors like those of a single call. Pure.

import { Metadata, status } from "@grpc/grpc-js";
import { messageOf } from "../base/errors.ts";
import { RpcError, readRpcError, rpcError } from "./rpc-error.ts";
import { WRITE_BYTES_MAX } from "./write-limits.ts";

const NEVER_TAKEN: readonly status[] = [
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
];

/**
 * What a stream's failure means for a write on it. If the server refused the stream, it accepted no write.
 * Any other failure concerns the stream and does not say what happened to its writes.
 */
export function streamFailure(error: Error): RpcError {
  const { code, message } = readRpcError(error);
  const isWhole = code === status.UNAVAILABLE || NEVER_TAKEN.includes(code);
  if (!isWhole) return plain(status.UNAVAILABLE, `the stream of writes failed: ${message}`);
  const metadata =
    "metadata" in error && error.metadata instanceof Metadata ? error.metadata : new Metadata();
  return new RpcError(code, message, metadata);
}

export function tooLarge(bytes: number): RpcError {
  const message = `a write has at most ${WRITE_BYTES_MAX} bytes, this one has ${bytes}`;
  return rpcError(status.INVALID_ARGUMENT, "WRITE_TOO_LARGE", message);
}

/** A value that does not fit its field, such as a negative version. */
export function unencodable(error: unknown): RpcError {
  const why = messageOf(error);
  return rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", `the request cannot be encoded: ${why}`);
}

/** In grpc-js's words, for which an operator's words exist already. */
export function deadlineExceeded(waitedMs: number): RpcError {
  return plain(status.DEADLINE_EXCEEDED, `Deadline exceeded after ${(waitedMs / 1000).toFixed(3)}s`);
}

/** An error without details: not a server's own answer. */
export function plain(code: status, message: string): RpcError {
  return new RpcError(code, message, new Metadata());
}
