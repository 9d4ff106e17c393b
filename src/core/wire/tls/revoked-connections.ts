// Closes a connection that this process opened, in the turn in which it learns that the peer's certificate is
// revoked (ADR-0026). For connections that others open here: server/open-connections.ts.

import type { Socket } from "node:net";
import { formatIdentity, identityOfNames } from "./identity.ts";
import { isTls, shownCertificate } from "./peer-certificate.ts";
import type { TlsMaterial } from "./tls.ts";

/** For a connection that this process opened: `socket` is connected. */
export function cutWhenRevoked(socket: Socket, tls: TlsMaterial): void {
  const { denyList } = tls;
  if (denyList === undefined || !isTls(socket)) return;
  const cut = () => {
    // It may have been destroyed in this turn, and shows no certificate then.
    if (!socket.destroyed && isRevokedPeer(socket.getPeerCertificate(), tls)) socket.destroy();
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
