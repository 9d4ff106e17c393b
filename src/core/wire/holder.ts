// Whether a process's own certificate is its own. With another's it would run, its peers and the coordinators would refuse
// what it says, and it could not take up the right one without a restart: better that it does not start.

import { Exit, OperatorError } from "../base/errors.ts";
import { formatIdentity, type Identity, identityOfNames } from "./identity.ts";
import { leafOf, loadTls, type TlsChoice } from "./tls.ts";

/** Throws CERTIFICATE_OF_ANOTHER, or as `loadTls` does. `name`: what the process is called. */
export function requireHolder(choice: TlsChoice, holder: Identity, name: string): void {
  if (choice === "insecure-loopback") return;
  const found = identityOfNames(leafOf(loadTls(choice)).subjectAltName ?? "");
  const wanted = formatIdentity(holder);
  const shown = found === null ? "nobody in particular" : formatIdentity(found);
  if (shown === wanted) return;
  const given = holder.kind === "replica" ? `${certificateName(name, holder.id)} --id ${holder.id}` : name;
  throw new OperatorError("CERTIFICATE_OF_ANOTHER", {
    what: `${choice.cert} is of ${shown}, and this process is ${wanted}`,
    why: "its peers and the coordinators would refuse what it says",
    next: `issue its own: fleet cert issue --role ${holder.kind} --name ${given} --host HOST --out DIR`,
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
