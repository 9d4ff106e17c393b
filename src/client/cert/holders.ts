// The holders of certificates in a local fleet, their files, and the identity in each.
import { X509Certificate } from "node:crypto";
import { present } from "../../core/base/assert.ts";
import { nodeId } from "../../core/base/ids.ts";
import { daysLeft } from "../../core/wire/tls/certificate-age.ts";
import { formatIdentity, type Identity } from "../../core/wire/tls/identity.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";
import type { FleetFile, NodeEntry } from "../files/fleet-file.ts";
import { ADMIN, authorityPathsIn, certsFolder, clusterTls, holderTls, READONLY } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { type CertificateRequest, issueCertificate, type PemPair } from "./certs.ts";

/**
 * Ten years: a local fleet is renewed by hand, and must not fail because of its age. The authority lasts
 * longer.
 */
const CERTIFICATE_DAYS = 3_650;

/** One certificate to make: its holder, its files, and whether the holder is dialed. */
export interface Holder {
  readonly name: string;
  readonly identity: Identity;
  readonly files: TlsFiles;
  readonly isDialed: boolean;
}

/** All holders of certificates in a local fleet. */
export function holdersOf(directory: string, fleet: FleetFile): Holder[] {
  if (fleet.authorities === undefined) return holdersByOne(directory, fleet);
  const authorities = authorityPathsIn(certsFolder(directory));
  return holdersByOne(directory, fleet).map((holder) => ({
    ...holder,
    files: { ...holder.files, authorities },
  }));
}

/** The administrator's certificate, and the trusted ones. */
export function adminFiles({ directory, file }: Pick<LocalFleet, "directory" | "file">): TlsFiles {
  const admin = holdersOf(directory, file).find(({ name }) => name === ADMIN);
  return present(admin, "a fleet has an administrator").files;
}

function holdersByOne(directory: string, fleet: FleetFile): Holder[] {
  const person = (kind: "admin" | "readonly", name: string): Holder => ({
    name,
    identity: { kind },
    files: holderTls(directory, name),
    isDialed: false,
  });
  return [
    person("admin", ADMIN),
    person("readonly", READONLY),
    ...fleet.nodes.map((node) => nodeHolder(directory, node)),
    ...fleet.shards.map(({ id }) => ({
      name: id,
      identity: { kind: "shard" as const, id },
      files: holderTls(directory, id),
      isDialed: true,
    })),
    ...fleet.clusters.map((id) => ({
      name: id,
      identity: { kind: "cluster" as const, id },
      files: clusterTls(directory, id),
      isDialed: false,
    })),
  ];
}

export function nodeHolder(directory: string, { id, name }: NodeEntry): Holder {
  const identity = { kind: "replica" as const, id: nodeId(id) };
  return { name, identity, files: holderTls(directory, name), isDialed: true };
}

/**
 * A new key and certificate for the holder in a new fleet, where nothing is revoked. They end no later than the
 * authority that signs them.
 */
export function issueFor(holder: Holder, authority: PemPair, days = CERTIFICATE_DAYS): Promise<PemPair> {
  return issueCertificate(authority, requestFor(holder, authority, days));
}

/** The same where earlier ones may be revoked: a revocation of all earlier ones does not affect it. */
export function renewalFor(holder: Holder, authority: PemPair, days = CERTIFICATE_DAYS): Promise<PemPair> {
  return issueCertificate(authority, { ...requestFor(holder, authority, days), beginsNow: true });
}

function requestFor(holder: Holder, authority: PemPair, days: number): CertificateRequest {
  const endsAtMs = new X509Certificate(authority.certificate).validToDate.getTime();
  return {
    commonName: holder.name,
    uri: formatIdentity(holder.identity),
    ...(holder.isDialed ? { dnsNames: ["localhost", holder.name], ipAddresses: ["127.0.0.1", "::1"] } : {}),
    days: Math.min(days, daysLeft(endsAtMs, Date.now())),
  };
}
