// New calls of a gRPC server begin when there is time for them, and are refused before grpc-js has spent any on them: it
// takes about 0.1 ms a call until a handler may say no, and all that clients sent at once comes in one turn of the event
// loop. What must stay true: prompt calls (peers, health, status) wait for nothing, and a call that waits loses no byte:
// HTTP/2 keeps its data until somebody reads. Absent: when there is time, which is the gate's business.

import type {
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import type { PacedReading } from "./paced-reading.ts";
import type { RpcError } from "./rpc-error.ts";
import { readingOf } from "./session-reading.ts";

export interface Gate {
  /** Begins as soon as it comes, however much waits. */
  isPrompt(path: string): boolean;
  /** Settles when there is time to begin a call; false = it is refused. */
  arrive(): Promise<boolean>;
  /** The same error while nothing has changed: what is sent is made once an error. */
  refusal(): RpcError;
  readonly reading: PacedReading;
}

type Serve = (this: Http2Server, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** Of a server that is bound. */
export function paceStreams(server: Server, gate: Gate): void {
  for (const http2 of http2ServersOf(server)) {
    const listeners = http2.listeners("stream") as Serve[];
    assert(listeners.length > 0, "grpc-js listens to the streams of its HTTP/2 server");
    http2.removeAllListeners("stream");
    http2.on("stream", (stream, headers) => {
      const serve = () => {
        for (const listener of listeners) listener.call(http2, stream, headers);
      };
      if (gate.isPrompt(headers[":path"] ?? "")) {
        serve();
        return;
      }
      const connection = stream.session && readingOf(stream.session as ServerHttp2Session);
      if (connection) gate.reading.brought(connection);
      void begin(stream, gate, serve);
    });
    http2.on("session", (session) =>
      session.once("close", () => {
        const connection = readingOf(session);
        if (connection !== null) gate.reading.closed(connection);
      }),
    );
  }
}

/** grpc-js has no public way to them. */
function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const found = [...(http2Servers?.keys() ?? [])];
  assert(found.length > 0, "a bound server of grpc-js has HTTP/2 servers");
  return found;
}

async function begin(stream: ServerHttp2Stream, gate: Gate, serve: () => void): Promise<void> {
  // Until grpc-js has the stream nobody else hears of its failure, which would end the process.
  stream.on("error", () => undefined);
  const isTaken = await gate.arrive();
  // Its caller has gone away, or its time was over.
  if (stream.destroyed || stream.closed) return;
  if (isTaken) serve();
  else refuse(stream, gate.refusal());
}

// Made once an error: a burst is refused with few different ones.
const ANSWERS = new WeakMap<RpcError, OutgoingHttpHeaders>();

function answerOf(error: RpcError): OutgoingHttpHeaders {
  const known = ANSWERS.get(error);
  if (known !== undefined) return known;
  const { code, details, metadata } = error;
  const trailers = { "grpc-status": String(code), "grpc-message": encodeURI(details) };
  const headers = { ":status": 200, "content-type": "application/grpc+proto", ...trailers };
  const made = { ...headers, ...metadata.toHttp2Headers() };
  ANSWERS.set(error, made);
  return made;
}

function refuse(stream: ServerHttp2Stream, error: RpcError): void {
  stream.respond(answerOf(error), { endStream: true });
  // What the caller has sent is of no use, and would hold the stream open.
  stream.resume();
}
