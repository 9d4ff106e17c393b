// Logs failed handshakes. A refused certificate (expired, of another authority, not for clients) ends the connection
// without a message to the caller. Only the server's log has the cause. A handshake costs more than a hundred refused
// calls, so each one that failed is counted against its network (handshake-pace.ts).

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { isErrno } from "../../base/system-error.ts";
import type { Http2Server } from "../http2/http2-server.ts";
import type { DeniedCalls } from "./denied-calls.ts";

/** A caller that closes the connection itself, such as a probe, is not logged. */
export function noteFailedHandshakes(
  http2: Http2Server,
  denied: Pick<DeniedCalls, "note">,
  onFailed: (from: string) => void,
): void {
  http2.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const refused = refusedCertificate(socket);
    const from = addressOf(socket);
    // A probe sends nothing.
    if (hasSpoken(socket)) onFailed(from);
    if (refused === null && isErrno(error, "ECONNRESET")) return;
    denied.note({ reason: "HANDSHAKE_FAILED", identity: "", from, what: refused ?? error.code ?? "" });
  });
}

function hasSpoken(socket: TLSSocket): boolean {
  const { _parent: below } = socket as { readonly _parent?: Socket };
  return (below?.bytesRead ?? socket.bytesRead) > 0;
}

/** OpenSSL's name of the caller's certificate problem, such as CERT_HAS_EXPIRED; null = none was found. */
function refusedCertificate({ authorizationError }: TLSSocket): string | null {
  // Typed as an error, but it is a text.
  return authorizationError === null || authorizationError === undefined ? null : String(authorizationError);
}

/** Node has closed the TLS socket by then; only the socket below it still knows its remote address. */
function addressOf(socket: TLSSocket): string {
  const { _parent: below } = socket as { readonly _parent?: Socket };
  return socket.remoteAddress ?? below?.remoteAddress ?? "";
}
