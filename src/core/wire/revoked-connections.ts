// What becomes of connections when a certificate is revoked (ADR-0026). What must stay true: one that is open is cut in the
// turn in which this process learns of it, whoever opened it; one that is opened afterwards is told why, and ended soon.

import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { DeniedCalls } from "./denied-calls.ts";
import { formatIdentity, type Identity, identityOfNames, identityOfSession, isRevoked } from "./identity.ts";
import { isTls, shownCertificate } from "./peer-certificate.ts";
import type { Tls, TlsMaterial } from "./tls.ts";

/** A call on a new connection gets its refusal by then. */
const TOLD_MS_MAX = 1_000;

/** The connections that others open here. */
export class OpenConnections {
  readonly #open = new Map<ServerHttp2Session, Identity>();

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
      session.once("close", () => this.#open.delete(session));
    });
    http2.once(
      "close",
      tls.denyList.onChange(() => this.#cut(tls, denied)),
    );
  }

  #cut(tls: Tls, denied: Pick<DeniedCalls, "note">): void {
    for (const [session, identity] of this.#open) {
      if (!isRevoked(identity, tls)) continue;
      const from = session.socket.remoteAddress ?? "";
      const who = formatIdentity(identity);
      denied.note({ reason: "CERTIFICATE_REVOKED", identity: who, from, what: "an open connection" });
      session.destroy();
    }
  }
}

/** One that this process has opened: `socket` is connected. */
export function cutWhenRevoked(socket: Socket, tls: TlsMaterial): void {
  const { denyList } = tls;
  if (denyList === undefined || !isTls(socket)) return;
  const cut = () => {
    if (isRevokedPeer(socket.getPeerCertificate(), tls)) socket.destroy();
  };
  socket.once("close", denyList.onChange(cut));
  // The list may have changed during the handshake.
  cut();
}

/** Whether the certificate of a peer, as Node shows it, is revoked. */
export function isRevokedPeer(
  peer: Parameters<typeof shownCertificate>[0],
  { denyList }: TlsMaterial,
): boolean {
  if (denyList === undefined || denyList.size === 0) return false;
  const identity = identityOfNames(peer.subjectaltname ?? "");
  return identity !== null && denyList.denies(shownCertificate(peer, formatIdentity(identity)));
}
