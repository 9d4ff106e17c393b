// Which certificate a server presents now. This opens a new connection to see it: an open connection keeps
// the certificate from its start. What must stay true: only the process that listens at the dialed address
// can answer, so a stolen key alone changes nothing.

import { connect } from "node:tls";
import { serverCheck } from "./credentials.ts";
import type { ShownCertificate } from "./deny-list.ts";
import { formatIdentity, identityOfNames } from "./identity.ts";
import { shownCertificate } from "./peer-certificate.ts";
import type { TlsMaterial } from "./tls.ts";

/** The certificate of the replica that listens at `address` (host:port); null if none is accepted in time. */
export function servedCertificate(
  tls: TlsMaterial,
  address: string,
  withinMs: number,
): Promise<ShownCertificate | null> {
  const { ca, cert, key } = tls;
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const checkServerIdentity = serverCheck(tls, address, "replica");
  return new Promise((resolve) => {
    const socket = connect({
      ...{ host, port: Number(address.slice(at + 1)), ca, cert, key, checkServerIdentity },
      ...{ ALPNProtocols: ["h2"], minVersion: "TLSv1.3" },
    });
    const timer = setTimeout(() => socket.destroy(), withinMs);
    socket.once("secureConnect", () => {
      const peer = socket.getPeerCertificate();
      const identity = identityOfNames(peer.subjectaltname ?? "");
      resolve(identity && shownCertificate(peer, formatIdentity(identity)));
      // Not destroyed: the server would count that as a failed handshake.
      socket.end();
    });
    // The error does not matter here; "close" comes after it.
    socket.on("error", () => undefined);
    // The server's own messages, such as settings, are read and dropped: otherwise the end would never be
    // seen.
    socket.resume();
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}
