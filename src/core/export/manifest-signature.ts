// Who wrote a manifest. A store is often shared, and every writer can put a manifest of any content there. So a
// replica signs each manifest with its certificate's key. What must stay true: a leader counts
// and deletes only snapshots whose manifests a replica of its own cluster has signed (ADR-0011).

import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import type { ManifestSignature, StoredManifest } from "./manifest.ts";

/** What a replica signs with, and how it recognizes what the others have signed. */
export interface ManifestSigning {
  sign(said: Uint8Array): ManifestSignature;
  /** Whether a replica of this fleet has signed it, and its certificate is valid now and not revoked. */
  isReplicas(said: Uint8Array, signature: ManifestSignature): boolean;
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

export function signed(manifest: StoredManifest, signing: ManifestSigning | null): StoredManifest {
  return signing === null ? manifest : { ...manifest, signature: signing.sign(signedBytes(manifest)) };
}

export function isSigned(manifest: StoredManifest, signing: ManifestSigning): boolean {
  return manifest.signature !== undefined && signing.isReplicas(signedBytes(manifest), manifest.signature);
}

function signedBytes(manifest: StoredManifest): Uint8Array {
  const operatorKey = manifest.encryption?.operatorKey ?? null;
  return new TextEncoder().encode(JSON.stringify([PURPOSE, ...manifestFields(manifest), operatorKey]));
}
