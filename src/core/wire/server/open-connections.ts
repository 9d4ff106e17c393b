// Connections that others opened here, and revoked certificates (ADR-0026). What must stay true: an open
// connection is closed in the same turn in which this process learns of the revocation. One that is opened
// later gets the reason, and ends soon.

import type { Http2Server } from "../http2/http2-server.ts";
import type { ServerSession } from "../http2/server-session.ts";
import { formatIdentity, type Identity, identityOfSession, isRevoked } from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import type { DeniedCalls } from "./denied-calls.ts";

/** A call on a new connection has got its refusal by then. */
const TOLD_MS_MAX = 1_000;

export class OpenConnections {
  readonly #open = new Map<ServerSession, Identity>();

  watch(http2: Http2Server, tls: Tls, denied: Pick<DeniedCalls, "note">): void {
    if (tls === "insecure-loopback" || tls.denyList === undefined) return;
    http2.on("session", (session) => {
      const identity = identityOfSession(session, tls);
      if (identity === null) return;
      if (isRevoked(identity, tls)) {
        setTimeout(() => session.destroy(), TOLD_MS_MAX).unref();
        return;
      }
      this.#open.set(session, identity);
      session.onClose(() => this.#open.delete(session));
    });
    http2.once(
      "close",
      tls.denyList.onChange(() => this.#cut(tls, denied)),
    );
  }

  #cut(tls: Tls, denied: Pick<DeniedCalls, "note">): void {
    for (const [session, identity] of this.#open) {
      if (!isRevoked(identity, tls)) continue;
      const { from } = session;
      const who = formatIdentity(identity);
      denied.note({ reason: "CERTIFICATE_REVOKED", identity: who, from, what: "an open connection" });
      session.destroy();
    }
  }
}
