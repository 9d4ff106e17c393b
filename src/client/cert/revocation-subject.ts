// Parses what an operator wants to revoke: a serial number as people copy it, an identity, or the file of a
// certificate.
import { X509Certificate } from "node:crypto";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { certificateBlocks } from "../../core/base/pem.ts";
import { canonicalSerial } from "../../core/wire/tls/deny-list.ts";
import { formatIdentity, identityOfNames } from "../../core/wire/tls/identity.ts";
import { readInputBytes } from "../files/read-input.ts";

export interface RevocationSubject {
  /** In the form of RevokeCertificate. */
  readonly subject: string;
  /** For a file: its certificate's holder and its end; otherwise empty and 0. */
  readonly holder: string;
  readonly endsAtMs: number;
}

const SERIAL = /^([0-9a-f]{2}:)*[0-9a-f]+$/i;

/** Throws OperatorError: USAGE. */
export async function revocationSubject(given: string): Promise<RevocationSubject> {
  if (given.startsWith("fleet://")) return { subject: given, holder: "", endsAtMs: 0 };
  const serial = SERIAL.test(given) ? canonicalSerial(given) : "";
  if (serial !== "") return { subject: serial, holder: "", endsAtMs: 0 };
  const certificate = await certificateIn(given);
  const identity = identityOfNames(certificate.subjectAltName ?? "");
  return {
    subject: canonicalSerial(certificate.serialNumber),
    holder: identity === null ? "" : formatIdentity(identity),
    endsAtMs: certificate.validToDate.getTime(),
  };
}

/** The time of an operator's `--issued-before`, in milliseconds since 1970. Throws OperatorError: USAGE. */
export function issuedBeforeMs(given: string | undefined, subject: string): number {
  if (given === undefined) return 0;
  if (!subject.startsWith("fleet://")) {
    throw usage(
      `--issued-before is for identities, and ${subject} is one certificate`,
      "leave --issued-before out",
    );
  }
  const ms = Date.parse(given);
  if (Number.isNaN(ms)) throw usage(`${given} is not a time`, "give it as 2026-11-22T20:00:00Z");
  return ms;
}

async function certificateIn(path: string): Promise<X509Certificate> {
  try {
    const [leaf = ""] = certificateBlocks((await readInputBytes(path)).toString("latin1"));
    return new X509Certificate(leaf);
  } catch (cause) {
    throw usage(
      `${path} is not a serial number, an identity or a certificate file`,
      "see serial numbers and identities: fleet cert list",
      cause,
    );
  }
}

function usage(what: string, next: string, cause?: unknown): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage, cause });
}
