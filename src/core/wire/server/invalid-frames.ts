// Counts and logs connections that end for what their peers sent: frames that HTTP/2 forbids, or floods of frames that
// begin no call (http2/server-session.ts).

import type { Http2Server } from "../http2/http2-server.ts";
import type { ServerSession } from "../http2/server-session.ts";
import { formatIdentity, type Identity } from "../tls/identity.ts";
import type { DeniedCalls } from "./denied-calls.ts";

export function noteInvalidFrames(
  http2: Http2Server,
  identityOf: (session: ServerSession) => Identity | null,
  denied: Pick<DeniedCalls, "note">,
): void {
  http2.on("invalid", (session) => {
    const holder = identityOf(session);
    const identity = holder === null ? "" : formatIdentity(holder);
    denied.note({ reason: "FRAMES_INVALID", identity, from: session.from, what: "a connection" });
  });
}
