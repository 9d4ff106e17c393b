// During which time the certificates of a process can be used. Only `requireValid` reads files. What must
// stay true: the same rule as OpenSSL's, for the whole chain. A certificate is invalid outside its own time
// and outside its issuer's. Of several authorities one valid one is enough, because a fleet trusts two of
// them during a rotation.

import { X509Certificate } from "node:crypto";
import { Exit, OperatorError } from "../../base/errors.ts";
import { certificateBlocks } from "../../base/pem.ts";
import { isIssuedBy } from "./authorities.ts";
import { loadTls, type TlsChoice, type TlsFiles, type TlsMaterial } from "./tls.ts";

/** How to renew it. */
export const RENEWAL =
  "renew it: in a local fleet, fleet cert rotate; elsewhere, fleet cert issue, then copy the new files over the old ones";

interface Bound {
  /** In milliseconds since 1970. */
  readonly atMs: number;
  /** The owner of this time: a file, or the issuer of a certificate in it. */
  readonly of: string;
}

interface Span {
  readonly beginsMs: number;
  readonly endsMs: number;
}

/** Certificates of which one valid one is enough. */
interface Alternatives {
  /** Their name, for all of them. */
  readonly of: string;
  /** Their name for the message when none of them is valid. */
  readonly none: string;
  readonly spans: readonly Span[];
}

/** All of these must be valid at the same time. */
export type Validity = readonly Alternatives[];

/** `material`: what `checkTls` found to belong together, read from `files`. */
export function validityOf({ ca, cert }: Pick<TlsMaterial, "ca" | "cert">, files: TlsFiles): Validity {
  const authorities = certificatesIn(ca);
  const [leaf, ...chain] = certificatesIn(cert);
  if (leaf === undefined) return [];
  const issuers = [...chain, ...authorities].filter((issuer) => isIssuedBy(leaf, issuer));
  const issuer = `the authority that issued ${files.cert}`;
  return [
    { of: files.cert, none: files.cert, spans: [spanOf(leaf)] },
    {
      of: `every authority in ${files.ca}`,
      none: `none of the authorities in ${files.ca}`,
      spans: authorities.map(spanOf),
    },
    { of: issuer, none: `no certificate of ${issuer}`, spans: issuers.map(spanOf) },
  ].filter(({ spans }) => spans.length > 0);
}

/**
 * Until when certificates that are valid at `nowMs` stay valid without a gap, and which ends first; `nowMs`
 * when they are not valid.
 */
export function endOf(validity: Validity, nowMs: number): Bound {
  return validity
    .map(({ of, spans }) => ({ of, atMs: heldUntil(spans, nowMs) }))
    .reduce((a, b) => (b.atMs < a.atMs ? b : a));
}

/**
 * Throws why a client's certificates are not valid now: TLS itself would only send an alert without a name.
 */
export function requireValid(choice: TlsChoice, nowMs: number): void {
  if (choice === "insecure-loopback") return;
  const fault = invalidity(validityOf(loadTls(choice), choice), nowMs);
  if (fault !== null) throw fault;
}

/** Why they are not valid now; null when they are. */
export function invalidity(validity: Validity, nowMs: number): OperatorError | null {
  const faulty = validity.filter(({ spans }) => heldUntil(spans, nowMs) === nowMs);
  const ended = faulty
    .flatMap(({ of, none, spans }) => {
      const ends = spans.map(({ endsMs }) => endsMs).filter((endsMs) => endsMs <= nowMs);
      return ends.length === 0 ? [] : [{ of, none, endMs: Math.max(...ends), nextMs: nextOf(spans, nowMs) }];
    })
    .toSorted((a, b) => a.endMs - b.endMs)[0];
  if (ended !== undefined) {
    const { of, none, endMs, nextMs } = ended;
    return new OperatorError("CERTIFICATE_ENDED", {
      what:
        nextMs === null
          ? `${of} ended at ${timeText(endMs)}`
          : `${none} is valid now: one ended at ${timeText(endMs)}, the next begins at ${timeText(nextMs)}`,
      why: "every peer refuses connections made with it",
      next: RENEWAL,
      exit: Exit.Authentication,
    });
  }
  const early = faulty
    .map(({ of, spans }) => ({ of, beginMs: nextOf(spans, nowMs) ?? nowMs }))
    .toSorted((a, b) => b.beginMs - a.beginMs)[0];
  if (early === undefined) return null;
  return new OperatorError("CERTIFICATE_NOT_YET_VALID", {
    what: `${early.of} is not valid before ${timeText(early.beginMs)}, and here it is ${timeText(nowMs)}`,
    why: "this machine's clock is slow, or the certificate was made for later",
    next: "set the clock right, or take a certificate that is valid now",
    exit: Exit.Authentication,
  });
}

/** Until when, starting at `nowMs`, one of them is valid at every moment; `nowMs` when none is. */
function heldUntil(spans: readonly Span[], nowMs: number): number {
  let untilMs = nowMs;
  for (const { beginsMs, endsMs } of spans.toSorted((a, b) => a.beginsMs - b.beginsMs)) {
    if (beginsMs <= untilMs) untilMs = Math.max(untilMs, endsMs);
  }
  return untilMs;
}

/** When the next of them becomes valid; null when none does. */
function nextOf(spans: readonly Span[], nowMs: number): number | null {
  const begins = spans.map(({ beginsMs }) => beginsMs).filter((beginsMs) => beginsMs > nowMs);
  return begins.length === 0 ? null : Math.min(...begins);
}

const spanOf = ({ validFromDate, validToDate }: X509Certificate): Span => ({
  beginsMs: validFromDate.getTime(),
  endsMs: validToDate.getTime(),
});

const certificatesIn = (pem: Buffer): X509Certificate[] =>
  certificateBlocks(pem.toString("latin1")).map((block) => new X509Certificate(block));

const timeText = (atMs: number): string => new Date(atMs).toISOString();
