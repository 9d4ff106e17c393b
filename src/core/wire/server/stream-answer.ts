// Answers a call on its HTTP/2 stream without grpc-js.

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { RpcError } from "../rpc-error.ts";
import { framed } from "./message-frames.ts";

const HEADERS: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "identity",
};
const OK: OutgoingHttpHeaders = { "grpc-status": "0" };

export function answer(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isGone(stream)) return;
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    if (!isGone(stream)) stream.sendTrailers(OK);
  });
  stream.write(framed(message));
  // Node reports the end of the data only once the message is in the socket, and the trailers leave a pass of
  // the event loop later. With this they are sent as soon as the message has left.
  stream._final(() => undefined);
  stream.end();
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
