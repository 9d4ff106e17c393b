// The HTTP/2 stream of a call. grpc-js has no public way to it, so this uses its private fields. If another
// version has other fields, a call has no stream and is refused (a test fails).

import type { ServerHttp2Stream } from "node:http2";
import type { RpcError } from "./rpc-error.ts";

interface Layer {
  readonly call?: Layer;
  readonly nextCall?: Layer;
  readonly stream?: ServerHttp2Stream;
}

/** `call`: as grpc-js passes it to a handler, under its interceptors. */
export function streamOf(call: object): ServerHttp2Stream | null {
  let layer = (call as Layer).call;
  while (layer?.nextCall !== undefined) layer = layer.nextCall;
  return layer?.stream ?? null;
}

const refusals = new WeakMap<ServerHttp2Stream, (error: RpcError) => void>();

/** From now on the call may be answered already: `refuse` ends it as grpc-js does. */
export function refuseBy(call: object, refuse: (error: RpcError) => void): void {
  const stream = streamOf(call);
  if (stream !== null) refusals.set(stream, refuse);
}

/** Null: no code of ours serves the stream yet. */
export function refusalBy(stream: ServerHttp2Stream): ((error: RpcError) => void) | null {
  return refusals.get(stream) ?? null;
}
