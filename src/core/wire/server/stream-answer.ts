// How a call is answered on its HTTP/2 stream where grpc-js has no part in it.

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
  // Node says that there is no more only once the message is in the socket, and the trailers leave a pass of the event loop
  // after that. Told now, it sends them as soon as the message has left.
  stream._final(() => undefined);
  stream.end();
}

/** A call of which something was answered already, by grpc-js, is cut off: it can't be told any more. */
export function refuse(stream: ServerHttp2Stream, error: RpcError): void {
  // What the caller has sent is of no use, and would hold the stream open.
  stream.resume();
  if (isGone(stream)) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_CANCEL);
    return;
  }
  stream.respond(refusalOf(error), { endStream: true });
  // The caller may be sending still, and need not.
  if (!stream.readableEnded) stream.close();
}

/** Its caller has gone away, or its time was over. */
export function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

// Made once an error: a burst is refused with few different ones.
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
