// Answers a unary call, or refuses any call, on its HTTP/2 stream.

import { encodeFields } from "../http2/hpack/answer-blocks.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import type { RpcError } from "../rpc-error.ts";
import { framed } from "./message-frames.ts";

/** Headers, message and trailers leave together. */
export function answer(stream: ServerStream, message: Uint8Array): void {
  stream.answer(framed(message));
}

/** If a part of an answer was sent already, the call is reset: it can't get an error any more. */
export function refuse(stream: ServerStream, error: RpcError): void {
  if (stream.isGone) return;
  if (stream.hasAnswer) stream.reset();
  else stream.refuse(refusalOf(error));
}

/** For what is no call of gRPC. */
export function refuseType(stream: ServerStream): void {
  if (!stream.isGone) stream.refuse(NO_GRPC);
}

const NO_GRPC = encodeFields({ ":status": "415" });
const HEADERS = {
  ":status": "200",
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity",
};

// Encoded once for each error: a burst is refused with few different errors.
const REFUSALS = new WeakMap<RpcError, Buffer>();
const TRAILERS = new WeakMap<RpcError, Buffer>();

function refusalOf(error: RpcError): Buffer {
  return once(REFUSALS, error, () => encodeFields({ ...HEADERS, ...statusFields(error) }));
}

/** The end of an answer that has begun. */
export function trailersOf(error: RpcError): Buffer {
  return once(TRAILERS, error, () => encodeFields(statusFields(error)));
}

function statusFields({ code, details, metadata }: RpcError) {
  const status = { "grpc-status": String(code), "grpc-message": encodeURI(details) };
  return { ...status, ...(metadata.toHttp2Headers() as Readonly<Record<string, string | string[]>>) };
}

function once(known: WeakMap<RpcError, Buffer>, error: RpcError, make: () => Buffer): Buffer {
  const made = known.get(error) ?? make();
  known.set(error, made);
  return made;
}
