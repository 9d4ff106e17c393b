// Answers a call on its HTTP/2 stream without grpc-js.

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { RpcError } from "../rpc-error.ts";
import { framed } from "./message-frames.ts";
import { sendOkTrailers } from "./ok-trailers.ts";

const HEADERS: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity",
};
/** What `_write` gets with bytes (Node, "Implementing a writable stream"); its type lacks it. */
const AS_IT_IS = "buffer" as BufferEncoding;
// gRPC has no use for a date.
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };

/** Headers, message and trailers leave in one write. */
export function answer(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isGone(stream)) return;
  stream.respond(HEADERS, WITH_TRAILERS);
  stream.on("wantTrailers", onWantTrailers);
  // `write` would buffer nothing here, and would make an error object of each answer whose stream closes before the
  // socket reports the write.
  stream._write(framed(message), AS_IT_IS, nothing);
  // Node reports the end of the data only once the message is in the socket. With this the trailers leave with the message.
  stream._final(nothing);
  stream.end();
}

const nothing = (): void => undefined;

function onWantTrailers(this: ServerHttp2Stream): void {
  if (!isGone(this)) sendOkTrailers(this);
}

/** If grpc-js has sent a part of an answer already, the call is reset: it can't get an error any more. */
export function refuse(stream: ServerHttp2Stream, error: RpcError): void {
  // The caller's remaining data are of no use, and would hold the stream open.
  stream.resume();
  if (isGone(stream)) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_CANCEL);
    return;
  }
  stream.respond(refusalOf(error), { endStream: true });
  // The caller may still be sending, but need not.
  if (!stream.readableEnded) stream.close();
}

/** The caller has disconnected, or its deadline has passed. */
export function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

// Encoded once for each error: a burst is refused with few different errors.
const REFUSALS = new WeakMap<RpcError, OutgoingHttpHeaders>();

function refusalOf(error: RpcError): OutgoingHttpHeaders {
  const known = REFUSALS.get(error);
  if (known !== undefined) return known;
  const { code, details, metadata } = error;
  const status = { "grpc-status": String(code), "grpc-message": encodeURI(details) };
  const made = { ...HEADERS, ...status, ...metadata.toHttp2Headers() };
  REFUSALS.set(error, made);
  return made;
}
