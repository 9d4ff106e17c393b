// The certificate of a connection's other end, read once: reading takes longer than serving many calls.

import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { WallMs } from "../../base/clock.ts";
import { canonicalSerial, type ShownCertificate } from "./deny-list.ts";
import { leafOf, type TlsMaterial } from "./tls.ts";

const CHAIN_MAX = 8;

/** Node's description of a peer's certificate. */
export interface PeerFields {
  readonly raw?: Buffer;
  readonly issuerCertificate?: PeerFields;
  readonly subjectaltname?: string;
  readonly serialNumber?: string;
}

/** A socket that may use TLS. */
export interface PeerSocket {
  readonly destroyed: boolean;
  readonly remoteAddress?: string | undefined;
  getPeerCertificate?(detailed: true): PeerFields;
}

/** For a certificate that names `uri`. */
export function shownCertificate(fields: PeerFields, uri: string): ShownCertificate {
  const { serialNumber = "", raw } = fields;
  // Not from Node's text of it: in that text Date.parse treats the years 30 and 2030 alike.
  const notBeforeMs = raw === undefined ? Number.NaN : new X509Certificate(raw).validFromDate.getTime();
  // If its start can't be read, it counts as the oldest possible: a revocation of its identity applies.
  return {
    serial: canonicalSerial(serialNumber),
    uri,
    notBeforeMs: Number.isNaN(notBeforeMs) ? Number.NEGATIVE_INFINITY : notBeforeMs,
  };
}

/** When the certificate ends, by the wall clock; never, if there is none. */
export function endOf({ raw }: PeerFields): WallMs {
  return raw === undefined ? Number.POSITIVE_INFINITY : new X509Certificate(raw).validToDate.getTime();
}

/** The certificate that this process itself presents. */
export function ownCertificate(material: Pick<TlsMaterial, "cert">, uri: string): ShownCertificate {
  const { serialNumber, raw } = leafOf(material);
  return shownCertificate({ serialNumber, raw }, uri);
}

export function peerFields(socket: PeerSocket): PeerFields {
  return socket.getPeerCertificate?.(true) ?? {};
}

/** The certificate and its issuers, as far as Node knows them: each issuer matches at least by name. */
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
