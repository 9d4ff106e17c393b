// Whether a process's own certificate is its own. With another's it would run, its peers and the coordinators would refuse
// what it says, and it could not take up the right one without a restart: better that it does not start.

import { X509Certificate } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { Exit, OperatorError } from "../../base/errors.ts";
import { certificateBlocks } from "../../base/pem.ts";
import { authorityKindOf } from "./authorities.ts";
import { formatIdentity, type Identity, identityOfNames } from "./identity.ts";
import { leafOf, loadTls, type TlsChoice, type TlsFiles, type TlsMaterial } from "./tls.ts";

/** Throws CERTIFICATE_OF_ANOTHER, or as `loadTls` does. `name`: what the process is called. */
export function requireHolder(choice: TlsChoice, holder: Identity, name: string): void {
  if (choice === "insecure-loopback") return;
  const material = loadTls(choice);
  const found = identityOfNames(leafOf(material).subjectAltName ?? "");
  const wanted = formatIdentity(holder);
  const shown = found === null ? "nobody in particular" : formatIdentity(found);
  if (shown === wanted) {
    requireOwnAuthority(material, choice);
    return;
  }
  const given = holder.kind === "replica" ? `${certificateName(name, holder.id)} --id ${holder.id}` : name;
  throw new OperatorError("CERTIFICATE_OF_ANOTHER", {
    what: `${choice.cert} is of ${shown}, and this process is ${wanted}`,
    why: "its peers and the coordinators would refuse what it says",
    next: `issue its own: fleet cert issue --role ${holder.kind} --name ${given} --host HOST --out DIR`,
    exit: Exit.Authentication,
  });
}

/** Throws AUTHORITY_MISMATCH: everybody would refuse a certificate that another authority issued than it needs. */
export function requireOwnAuthority(material: TlsMaterial, { cert }: TlsFiles): void {
  const chain = certificateBlocks(material.cert.toString("latin1")).map(
    (block) => new X509Certificate(block),
  );
  const identity = identityOfNames(chain[0]?.subjectAltName ?? "");
  if (material.authorities === undefined || identity === null) return;
  if (material.authorities.prove(identity, chain, systemClock.wallMs())) return;
  const kind = authorityKindOf(identity);
  throw new OperatorError("AUTHORITY_MISMATCH", {
    what: `${cert} is of ${formatIdentity(identity)}, and was not issued by the ${kind} authority`,
    why: "where authorities are separate, each proves one kind of identity",
    next: `issue it by the ${kind} authority, or correct --${kind}-ca`,
    exit: Exit.Authentication,
  });
}

/** How the certificate of a replica called `name` is called: no other's number, under which it would be taken for that. */
export function certificateName(name: string, id: number): string {
  const number = numberInName(name);
  return number === null || number === id ? name : String(id);
}

/** The number that a replica's name is, if it is one. */
export function numberInName(name: string): number | null {
  return /^\d+$/.test(name) ? Number(name) : null;
}
