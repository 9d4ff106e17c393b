// From when until when the certificates of a process are any use to it. `requireValid` alone reads files.
// What must stay true: peers judge as OpenSSL does, by the whole chain: a certificate is worth nothing outside its own
// time, nor outside its issuer's. Of several authorities one that holds is enough, since a fleet trusts two of them
// while it changes from one to the other.

import { X509Certificate } from "node:crypto";
import { Exit, OperatorError } from "../base/errors.ts";
import { certificateBlocks } from "../base/pem.ts";
import { isIssuedBy, loadTls, type TlsChoice, type TlsFiles, type TlsMaterial } from "./tls.ts";

/** How to get another one. */
export const RENEWAL =
  "renew it: fleet cert rotate of a local fleet; elsewhere fleet cert issue, and copy the new files over the old ones";

interface Bound {
  /** In milliseconds since 1970. */
  readonly atMs: number;
  /** What has it: a file, or who issued what is in it. */
  readonly of: string;
}

export interface Validity {
  readonly begins: Bound;
  readonly ends: Bound;
}

/** `material`: what `checkTls` has found to belong together, read from `files`. */
export function validityOf({ ca, cert }: Pick<TlsMaterial, "ca" | "cert">, files: TlsFiles): Validity {
  const authorities = certificatesIn(ca);
  const [leaf, ...chain] = certificatesIn(cert);
  const issuers = [...chain, ...authorities].filter(
    (issuer) => leaf !== undefined && isIssuedBy(leaf, issuer),
  );
  const spans = [
    ...spanOf(leaf, files.cert),
    ...spanOf(lastEnding(authorities), `every authority in ${files.ca}`),
    ...spanOf(lastEnding(issuers), `the authority that issued ${files.cert}`),
  ];
  return {
    begins: spans.map(({ begins }) => begins).reduce((a, b) => (b.atMs > a.atMs ? b : a)),
    ends: spans.map(({ ends }) => ends).reduce((a, b) => (b.atMs < a.atMs ? b : a)),
  };
}

/** Throws why what a client has to show is worth nothing now: TLS itself would tell it of an alert, without a name. */
export function requireValid(choice: TlsChoice, nowMs: number): void {
  if (choice === "insecure-loopback") return;
  const fault = invalidity(validityOf(loadTls(choice), choice), nowMs);
  if (fault !== null) throw fault;
}

/** Why what is valid then is worth nothing now; null when it is. */
export function invalidity({ begins, ends }: Validity, nowMs: number): OperatorError | null {
  if (nowMs >= ends.atMs) {
    return new OperatorError("CERTIFICATE_ENDED", {
      what: `${ends.of} ended at ${timeText(ends.atMs)}`,
      why: "nobody accepts a connection that is made with it",
      next: RENEWAL,
      exit: Exit.Authentication,
    });
  }
  if (nowMs >= begins.atMs) return null;
  return new OperatorError("CERTIFICATE_NOT_YET_VALID", {
    what: `${begins.of} is not valid before ${timeText(begins.atMs)}, and here it is ${timeText(nowMs)}`,
    why: "this machine's clock is slow, or the certificate was made for later",
    next: "set the clock right, or take a certificate that is valid now",
    exit: Exit.Authentication,
  });
}

function spanOf(certificate: X509Certificate | undefined, of: string): Validity[] {
  if (certificate === undefined) return [];
  const { validFromDate, validToDate } = certificate;
  return [{ begins: { atMs: validFromDate.getTime(), of }, ends: { atMs: validToDate.getTime(), of } }];
}

function lastEnding(certificates: readonly X509Certificate[]): X509Certificate | undefined {
  return certificates.toSorted((a, b) => b.validToDate.getTime() - a.validToDate.getTime())[0];
}

const certificatesIn = (pem: Buffer): X509Certificate[] =>
  certificateBlocks(pem.toString("latin1")).map((block) => new X509Certificate(block));

const timeText = (atMs: number): string => new Date(atMs).toISOString();
