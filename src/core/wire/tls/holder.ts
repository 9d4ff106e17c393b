// Checks that a process's certificate is its own. With another's certificate, the process would run, but its peers
// would refuse it. It could not load the right one without a restart. So it does not start.

import { X509Certificate } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { Exit, OperatorError } from "../../base/errors.ts";
import { certificateBlocks } from "../../base/pem.ts";
import { authorityKindOf } from "./authorities.ts";
import { formatIdentity, type Identity, identityOfNames } from "./identity.ts";
import { leafOf, loadTls, type TlsChoice, type TlsFiles, type TlsMaterial } from "./tls.ts";

/** Throws CERTIFICATE_OF_ANOTHER, or the errors of `loadTls`. `name`: the process's name. */
export function requireHolder(choice: TlsChoice, holder: Identity, name: string): void {
  if (choice === "insecure-loopback") return;
  const material = loadTls(choice);
  const found = identityOfNames(leafOf(material).subjectAltName ?? "");
  const wanted = formatIdentity(holder);
  const shown = found === null ? "no identity of a fleet" : formatIdentity(found);
  if (shown === wanted) {
    requireOwnAuthority(material, choice);
    return;
  }
  const given = holder.kind === "replica" ? `${certificateName(name, holder.id)} --id ${holder.id}` : name;
  throw new OperatorError("CERTIFICATE_OF_ANOTHER", {
    what: `${choice.cert} is a certificate of ${shown}, but this process is ${wanted}`,
    why: "its peers and the coordinators would refuse what it says",
    next: `issue its own: fleet cert issue --role ${holder.kind} --name ${given} --host HOST --out DIR`,
    exit: Exit.Authentication,
  });
}

/**
 * Throws AUTHORITY_MISMATCH: every peer would refuse a certificate of another authority than the required
 * one.
 */
export function requireOwnAuthority(material: TlsMaterial, { cert }: TlsFiles): void {
  const chain = certificateBlocks(material.cert.toString("latin1")).map(
    (block) => new X509Certificate(block),
  );
  const identity = identityOfNames(chain[0]?.subjectAltName ?? "");
  if (material.authorities === undefined || identity === null) return;
  if (material.authorities.prove(identity, chain, systemClock.wallMs())) return;
  const kind = authorityKindOf(identity);
  throw new OperatorError("AUTHORITY_MISMATCH", {
    what: `${cert} is a certificate of ${formatIdentity(identity)}, but the ${kind} authority did not issue it`,
    why: "with separate authorities, each may issue certificates of one kind of identity only",
    next: `issue a new one with the ${kind} authority (fleet cert issue), or correct --${kind}-ca`,
    exit: Exit.Authentication,
  });
}

/**
 * The file name for the certificate of a replica called `name`. It must not look like another replica's
 * number.
 */
export function certificateName(name: string, id: number): string {
  const number = numberInName(name);
  return number === null || number === id ? name : String(id);
}

/** The number in a replica's name, if there is one. */
export function numberInName(name: string): number | null {
  return /^\d+$/.test(name) ? Number(name) : null;
}
