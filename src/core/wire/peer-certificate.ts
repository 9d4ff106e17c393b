// The certificate at the other end of a connection, read once: to read it takes longer than to serve many a call.

import type { TLSSocket } from "node:tls";
import { canonicalSerial, type ShownCertificate } from "./deny-list.ts";
import { leafOf, type TlsMaterial } from "./tls.ts";

/** What Node says of a peer's certificate. */
interface PeerFields {
  readonly subjectaltname?: string;
  readonly serialNumber?: string;
  readonly valid_from?: string;
}

/** A socket that may be one of TLS. */
export interface PeerSocket {
  readonly destroyed: boolean;
  getPeerCertificate?(): PeerFields;
}

/** Of a certificate that names `uri`. */
export function shownCertificate(fields: PeerFields, uri: string): ShownCertificate {
  const { serialNumber = "", valid_from: validFrom = "" } = fields;
  const notBeforeMs = Date.parse(validFrom);
  // One whose beginning can't be read is taken for the oldest there is: a revocation of its identity counts.
  return {
    serial: canonicalSerial(serialNumber),
    uri,
    notBeforeMs: Number.isNaN(notBeforeMs) ? Number.NEGATIVE_INFINITY : notBeforeMs,
  };
}

/** What this process shows itself. */
export function ownCertificate(material: Pick<TlsMaterial, "cert">, uri: string): ShownCertificate {
  const { serialNumber, validFrom } = leafOf(material);
  return shownCertificate({ serialNumber, valid_from: validFrom }, uri);
}

export function peerFields(socket: PeerSocket): PeerFields {
  return socket.getPeerCertificate?.() ?? {};
}

export function isTls(socket: object): socket is TLSSocket {
  return "getPeerCertificate" in socket;
}
