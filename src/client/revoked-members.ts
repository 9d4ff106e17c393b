// Members that present a certificate which the fleet's own table revokes. Every other member refuses them, so to the
// leader they only look silent. What must stay true: no member is dialed while nothing is revoked, as in most fleets.

import { DenyList } from "../core/wire/tls/deny-list.ts";
import { servedCertificate } from "../core/wire/tls/served-certificate.ts";
import { loadTls } from "../core/wire/tls/tls.ts";
import type { FleetReads } from "./fleet-reads.ts";
import type { ReadOptions } from "./leader-reads.ts";

/** For one handshake. A member that hangs is not judged. */
const DIAL_LIMIT_MS = 2_000;

export interface RevokedMember {
  readonly name: string;
  /** Of the certificate that it presents. */
  readonly serial: string;
}

/** Throws an OperatorError if the fleet does not answer. */
export async function revokedMembers(
  client: Pick<FleetReads, "target" | "listRevocations" | "listMembers">,
  options: ReadOptions,
): Promise<readonly RevokedMember[]> {
  const { tls: files } = client.target;
  if (files === "insecure-loopback") return [];
  const { revocations } = await client.listRevocations(options);
  if (revocations.length === 0) return [];
  const { members } = await client.listMembers(options);
  const denied = new DenyList();
  denied.replace(revocations);
  const tls = loadTls(files);
  const looked = await Promise.all(
    members.map(async ({ member: { name = "", address = "" } = {} }) => {
      const served = await servedCertificate(tls, address, DIAL_LIMIT_MS);
      return served !== null && denied.denies(served) ? [{ name, serial: served.serial }] : [];
    }),
  );
  return looked.flat();
}

/** What to do about one. */
export const renewalOf = (name: string): string =>
  `give it a new certificate: fleet cert rotate ${name}; on a host of its own: fleet cert issue`;
