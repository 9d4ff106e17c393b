// How many malformed frames a connection may send. Node refuses each with a reset, before any code of ours
// hears of it: so neither roles, nor limits of identities, nor paced reading count them. Node's own limit is
// 1 000 a connection, and hundreds of connections together fill a pass of the event loop with them. What must
// stay true: a connection that sends many of them ends. Correct clients send few: Node counts a stream
// beyond the allowed number too, and clients open up to 100 before they hear that number.

import type { Http2Server, ServerHttp2Session } from "node:http2";
import { formatIdentity, type Identity } from "../tls/identity.ts";
import type { DeniedCalls } from "./denied-calls.ts";

export const INVALID_FRAMES_MAX = 128;

/** For the connections that come later. grpc-js makes the server, and has no option for this. */
export function limitInvalidFrames(http2: Http2Server): void {
  const key = Object.getOwnPropertySymbols(http2).find(({ description }) => description === "options");
  if (key === undefined) return;
  const { [key]: options } = http2 as unknown as Record<symbol, object | undefined>;
  if (options !== undefined) Object.assign(options, { maxSessionInvalidFrames: INVALID_FRAMES_MAX });
}

/** Counts and logs connections that Node ends for their frames: malformed ones, or floods of control frames. */
export function noteInvalidFrames(
  http2: Http2Server,
  identityOf: (session: ServerHttp2Session) => Identity | null,
  denied: Pick<DeniedCalls, "note">,
): void {
  http2.on("session", (session) => {
    const holder = identityOf(session);
    const identity = holder === null ? "" : formatIdentity(holder);
    const from = session.socket.remoteAddress ?? "";
    session.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (!ENDED_BY_NODE.has(code ?? "")) return;
      denied.note({ reason: "FRAMES_INVALID", identity, from, what: "a connection" });
    });
  });
}

/** Other errors are of the socket, or of a caller that ends its connection. */
const ENDED_BY_NODE: ReadonlySet<string> = new Set(["ERR_HTTP2_ERROR", "ERR_HTTP2_TOO_MANY_INVALID_FRAMES"]);
