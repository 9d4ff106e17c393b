// The certificate at the other end of a connection, read once: to read it takes longer than to serve many a call.

import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { WallMs } from "../../base/clock.ts";
import { canonicalSerial, type ShownCertificate } from "./deny-list.ts";
import { leafOf, type TlsMaterial } from "./tls.ts";

const CHAIN_MAX = 8;

/** What Node says of a peer's certificate. */
export interface PeerFields {
  readonly raw?: Buffer;
  readonly issuerCertificate?: PeerFields;
  readonly subjectaltname?: string;
  readonly serialNumber?: string;
}

/** A socket that may be one of TLS. */
export interface PeerSocket {
  readonly destroyed: boolean;
  readonly remoteAddress?: string | undefined;
  getPeerCertificate?(detailed: true): PeerFields;
}

/** Of a certificate that names `uri`. */
export function shownCertificate(fields: PeerFields, uri: string): ShownCertificate {
  const { serialNumber = "", raw } = fields;
  // Not from Node's text of it, in which the years 30 and 2030 are the same to Date.parse.
  const notBeforeMs = raw === undefined ? Number.NaN : new X509Certificate(raw).validFromDate.getTime();
  // One whose beginning can't be read is taken for the oldest there is: a revocation of its identity counts.
  return {
    serial: canonicalSerial(serialNumber),
    uri,
    notBeforeMs: Number.isNaN(notBeforeMs) ? Number.NEGATIVE_INFINITY : notBeforeMs,
  };
}

/** When the certificate ends, by the wall clock; never, of one that is not there. */
export function endOf({ raw }: PeerFields): WallMs {
  return raw === undefined ? Number.POSITIVE_INFINITY : new X509Certificate(raw).validToDate.getTime();
}

/** What this process shows itself. */
export function ownCertificate(material: Pick<TlsMaterial, "cert">, uri: string): ShownCertificate {
  const { serialNumber, raw } = leafOf(material);
  return shownCertificate({ serialNumber, raw }, uri);
}

export function peerFields(socket: PeerSocket): PeerFields {
  return socket.getPeerCertificate?.(true) ?? {};
}

/** The certificate and what issued it, as far as Node knows that: each is issued by the next one's name, at least. */
export function chainOf(fields: PeerFields): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: PeerFields | undefined = fields;
  while (next?.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(new X509Certificate(next.raw));
    // Node's chain ends with a certificate that is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

export function isTls(socket: object): socket is TLSSocket {
  return "getPeerCertificate" in socket;
}
