// Who wrote a manifest. A store is often shared, and every writer can put a manifest of any content there. So a
// replica signs each manifest with its certificate's key. What must stay true: a leader counts
// and deletes only snapshots whose manifests a replica of its own cluster has signed (ADR-0011).

import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import type { ManifestSignature, Signer, StoredManifest } from "./manifest.ts";

/** What a replica signs with, and how it recognizes what the others have signed. */
export interface ManifestSigning {
  sign(said: Uint8Array): Pick<ManifestSignature, "certificate" | "value">;
  /** Whether a replica of this fleet has signed it, and its certificate is valid now and not revoked. */
  isReplicas(said: Uint8Array, signature: ManifestSignature): boolean;
  /** Whether a certificate that has vouched for it, now or earlier, is revoked. */
  isRevoked(signature: ManifestSignature): boolean;
  /** Whether it will soon prove nothing, and this replica's own signature would: its certificate is newer. */
  isEnding(signature: ManifestSignature): boolean;
  /** Null: its file holds no certificate. */
  signerOf(signature: ManifestSignature): Signer | null;
  /** Changes with this replica's own certificate. */
  readonly own: string;
}

const PURPOSE = "fleet exported snapshot 1";

/** All fields of the manifest, in a fixed order. */
export function manifestFields(manifest: SnapshotManifest): readonly unknown[] {
  const { clusterId, clusterName, index, term, stateHash, bytes, sha256 } = manifest;
  const { atMs, fleetVersion, auditFirst, auditLast, epoch = null } = manifest;
  const members = manifest.members.map(({ nodeId, name, address, learner }) => [
    nodeId,
    name,
    address,
    learner,
  ]);
  const said = [clusterId, clusterName, index, term, stateHash, bytes, sha256, members];
  return [...said, atMs, fleetVersion, auditFirst, auditLast, epoch];
}

/** `earlier`: whose signatures this one replaces. */
export function signed(
  manifest: StoredManifest,
  signing: ManifestSigning | null,
  earlier: readonly Signer[] = [],
): StoredManifest {
  if (signing === null) return manifest;
  const signature = signing.sign(signedBytes(manifest, earlier));
  return { ...manifest, signature: earlier.length === 0 ? signature : { ...signature, earlier } };
}

export function isSigned(manifest: StoredManifest, signing: ManifestSigning): boolean {
  const { signature } = manifest;
  if (signature === undefined || signing.isRevoked(signature)) return false;
  return signing.isReplicas(signedBytes(manifest, signature.earlier ?? []), signature);
}

/** Without earlier signers as it was before they were recorded. */
export function signedBytes(manifest: StoredManifest, earlier: readonly Signer[]): Uint8Array {
  const operatorKey = manifest.encryption?.operatorKey ?? null;
  const said = [PURPOSE, ...manifestFields(manifest), operatorKey];
  const signers = earlier.map(({ serial, uri, notBeforeMs }) => [serial, uri, notBeforeMs]);
  return new TextEncoder().encode(JSON.stringify(signers.length === 0 ? said : [...said, signers]));
}
