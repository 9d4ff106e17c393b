// The trailers of a successful call, in the same write as its message. `sendTrailers` waits for the next pass of the event
// loop, so that an answer takes two writes, two TLS records and two reads of the caller. Node asks for trailers from
// within nghttp2, where nghttp2 lets them be submitted (nghttp2_data_source_read_callback), so this hands them to the
// stream's handle at once. Node has no public way to it.
// What must stay true: a Node that looks different inside sends them in its own way.

import type { ServerHttp2Stream } from "node:http2";

const OK = { "grpc-status": "0" };

interface Handle {
  trailers(headers: unknown): number;
}

type WithHandle = Readonly<Record<symbol, Partial<Handle> | undefined>>;

/** Undefined: not looked for yet. Null: this Node has none. */
let handleKey: symbol | null | undefined;
/** The trailers in the form in which Node gave them to a handle; null = it has not done so yet. */
let known: { readonly headers: unknown } | null = null;

/** To be called when the stream wants its trailers, and only then. */
export function sendOkTrailers(stream: ServerHttp2Stream): void {
  const handle = handleOf(stream);
  if (handle !== null && known !== null) {
    if (handle.trailers(known.headers) < 0) stream.destroy();
    return;
  }
  if (handle !== null) learnFrom(handle);
  stream.sendTrailers(OK);
}

function handleOf(stream: ServerHttp2Stream): Handle | null {
  handleKey ??= Object.getOwnPropertySymbols(stream).find((key) => key.description === "kHandle") ?? null;
  const handle = handleKey === null ? undefined : (stream as unknown as WithHandle)[handleKey];
  return typeof handle?.trailers === "function" ? (handle as Handle) : null;
}

/** Node makes the list of headers, once. */
function learnFrom(handle: Handle): void {
  const send = handle.trailers;
  handle.trailers = (headers) => {
    const result = send.call(handle, headers);
    if (result >= 0) known = { headers };
    return result;
  };
}
