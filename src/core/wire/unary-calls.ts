// Calls of which both sides are one message, served on Node's HTTP/2 streams themselves. grpc-js makes some hundred
// objects a call, for interceptors, metadata and flow control that none of these uses (ADR-0024).
// What must stay true: a request is bounded before it is kept, and its bytes are decoded when all of them are there.

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type handleUnaryCall, type MethodDefinition, status } from "@grpc/grpc-js";
import type { MonotonicMs } from "../base/clock.ts";
import { decodeBounded } from "./bounded-decode.ts";
import { timeoutMsOf } from "./grpc-timeout.ts";
import type { Identity } from "./identity.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { HEADER_BYTES, refusedFrame } from "./message-frames.ts";
import { type RpcError, rpcError } from "./rpc-error.ts";
import { answer, isGone, refuse } from "./stream-answer.ts";

export interface UnaryCall<Request> {
  readonly request: Request;
  readonly path: string;
  readonly identity: Identity;
  /** How long the caller waits for the answer, from now on; infinity = it did not say. */
  remainingMs(nowMs: MonotonicMs): number;
}

/** An RpcError that it throws is the answer; anything else is a bug (InternalErrors). */
export type UnaryMethod<Request, Response> = (call: UnaryCall<Request>) => Promise<Response>;

/** A generated service, whose unary methods are ours. */
export type Implementation<Service> = {
  readonly [Name in keyof Service as string extends Name
    ? never
    : Name]: Service[Name] extends handleUnaryCall<infer Request, infer Response>
    ? UnaryMethod<Request, Response>
    : Service[Name];
};

export interface ServedMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly method: UnaryMethod<unknown, unknown>;
  readonly bytesMax: number;
  readonly errors: InternalErrors;
}

/** A call that was let in and is to be read now. It came at `cameMs`. */
export interface Admitted {
  readonly identity: Identity;
  readonly headers: IncomingHttpHeaders;
  readonly cameMs: MonotonicMs;
}

export function serveUnary(stream: ServerHttp2Stream, served: ServedMethod, admitted: Admitted): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isChecked = false;
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (isChecked ? bytes <= HEADER_BYTES + served.bytesMax : bytes < HEADER_BYTES) return;
    const refused = isChecked ? unreadable() : refusedFrame(joined(chunks, bytes), served.bytesMax);
    isChecked = true;
    if (refused === null) return;
    chunks.length = 0;
    stream.removeAllListeners("data").removeAllListeners("end");
    refuse(stream, refused);
  });
  const whole = () => void reply(stream, served, admitted, joined(chunks, bytes));
  // A call without a body has ended before it was begun.
  if (stream.readableEnded) whole();
  else stream.on("end", whole);
}

async function reply(
  stream: ServerHttp2Stream,
  { definition, method, errors }: ServedMethod,
  { identity, headers, cameMs }: Admitted,
  frame: Buffer,
): Promise<void> {
  if (isGone(stream)) return;
  const { path, requestDeserialize, responseSerialize } = definition;
  try {
    const waitMs = timeoutMsOf(headers["grpc-timeout"]);
    const request = decodeBounded(requestDeserialize, messageIn(frame));
    const remainingMs = (nowMs: MonotonicMs) => waitMs - (nowMs - cameMs);
    const response = await method({ request, path, identity, remainingMs });
    // What nobody waits for is not encoded.
    if (!isGone(stream)) answer(stream, responseSerialize(response));
  } catch (error) {
    refuse(stream, errors.answer(error, path));
  }
}

/** The one message of a whole request. */
function messageIn(frame: Buffer): Buffer {
  const isWhole = frame.length >= HEADER_BYTES && frame.length === HEADER_BYTES + frame.readUInt32BE(1);
  if (!isWhole) throw unreadable();
  return frame.subarray(HEADER_BYTES);
}

function unreadable(): RpcError {
  return rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "the request is not one whole message");
}

function joined(chunks: readonly Buffer[], bytes: number): Buffer {
  const [first = Buffer.alloc(0)] = chunks;
  return chunks.length < 2 ? first : Buffer.concat(chunks, bytes);
}
