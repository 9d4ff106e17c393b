// An exported snapshot's bytes in a store: the state itself, or encrypted. Encryption binds the bytes to the
// manifest, so that neither can be replaced without the other.

import type { OperatorKeys } from "../seal/operator-keys.ts";
import { snapshotNotEncrypted } from "../seal/seal-errors.ts";
import { isSealedExport, openExport, sealExport } from "../seal/sealed-export.ts";
import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import type { StoredManifest } from "./manifest.ts";
import { manifestFields } from "./manifest-signature.ts";

/** The form of a snapshot in a store: its manifest and its bytes. */
export async function toStored(
  manifest: SnapshotManifest,
  bytes: Uint8Array,
  keys: OperatorKeys | null,
): Promise<{ readonly manifest: StoredManifest; readonly stored: Uint8Array }> {
  if (keys === null) return { manifest, stored: bytes };
  const stored = await sealExport(bytes, keys.current, boundTo(manifest));
  return { manifest: { ...manifest, encryption: { operatorKey: keys.current.id } }, stored };
}

/**
 * The state, or why it can't be trusted. Throws ENCRYPTION_KEY_NEEDED, ENCRYPTION_KEY_WRONG or
 * SNAPSHOT_NOT_ENCRYPTED; `what` names the snapshot. If keys are given, a plain snapshot is read only when
 * the operator allows it: anyone can write one.
 */
export async function fromStored(
  manifest: StoredManifest,
  stored: Uint8Array,
  keys: OperatorKeys | null,
  what: string,
  allowPlain = false,
): Promise<{ readonly content: Uint8Array } | string> {
  if (manifest.encryption !== undefined) return await openExport(stored, keys, boundTo(manifest), what);
  if (keys !== null && !allowPlain) throw snapshotNotEncrypted(what);
  return isSealedExport(stored) ? "it is encrypted, and its manifest does not say so" : { content: stored };
}

/** What is bound to the bytes. */
function boundTo(manifest: SnapshotManifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifestFields(manifest)));
}
