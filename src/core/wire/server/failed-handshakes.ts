// Handshakes that came to nothing, for who watches the port. A certificate that is refused (expired, of another authority, not
// for clients) ends the connection without a word to the caller: the server's log is where the cause stands.

import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { DeniedCalls } from "./denied-calls.ts";

/** Of one that hangs up by itself, as a probe does, nothing is told. */
export function noteFailedHandshakes(http2: Http2Server, denied: Pick<DeniedCalls, "note">): void {
  http2.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const what = refusedCertificate(socket) ?? error.code ?? "";
    if (what === "ECONNRESET") return;
    denied.note({ reason: "HANDSHAKE_FAILED", identity: "", from: addressOf(socket), what });
  });
}

/** OpenSSL's name of what is wrong with the caller's certificate, such as CERT_HAS_EXPIRED; null = nothing was found. */
function refusedCertificate({ authorizationError }: TLSSocket): string | null {
  // Declared as an error, and a text.
  return authorizationError === null || authorizationError === undefined ? null : String(authorizationError);
}

/** Node has closed the TLS socket by then, and only the socket below it remembers where it came from. */
function addressOf(socket: TLSSocket): string {
  const { _parent: below } = socket as { readonly _parent?: Socket };
  return socket.remoteAddress ?? below?.remoteAddress ?? "";
}
