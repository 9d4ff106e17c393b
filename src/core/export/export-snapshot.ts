// Saves one snapshot to a store. What must stay true: its bytes were read back and compared before the
// manifest makes it exist. If this is interrupted, it leaves a remnant, which is ignored.

import { Exit, OperatorError } from "../base/errors.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import type { CatalogEntry } from "./catalog.ts";
import { type Inspect, problemOf } from "./inspect.ts";
import { encodeManifest } from "./manifest.ts";
import { type ManifestSigning, signed } from "./manifest-signature.ts";
import { manifestKey, snapshotName, stateKey } from "./snapshot-name.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import { fromStored, toStored } from "./stored-state.ts";

export interface CapturedSnapshot {
  readonly manifest: SnapshotManifest;
  readonly bytes: Uint8Array;
}

/**
 * Returns its name. With keys it is encrypted with the current one. A replica signs its manifest; an operator's
 * command does not. Throws an OperatorError.
 */
export async function exportSnapshot(
  store: SnapshotStore,
  captured: CapturedSnapshot,
  inspect?: Inspect,
  keys: OperatorKeys | null = null,
  signing: ManifestSigning | null = null,
): Promise<string> {
  const { manifest, stored } = await toStored(captured.manifest, captured.bytes, keys);
  const name = snapshotName(manifest.atMs, manifest.index);
  await store.put(stateKey(name), stored);
  const readBack = await store.get(stateKey(name));
  const opened = readBack === null ? "it is not there" : await fromStored(manifest, readBack, keys, name);
  const problem = typeof opened === "string" ? opened : await problemOf(manifest, opened.content, inspect);
  if (problem !== null) {
    // Otherwise each further attempt would leave as much. If the deletion fails, the bytes are a remnant.
    await store.delete(stateKey(name)).catch(() => undefined);
    throw unverified(store.place, name, problem);
  }
  await store.put(manifestKey(name), encodeManifest(signed(manifest, signing)));
  return name;
}

/** Manifest first: a half-deleted snapshot is then ignored. */
export async function deleteSnapshot(store: SnapshotStore, { keys }: CatalogEntry): Promise<void> {
  for (const key of keys) await store.delete(key);
}

function unverified(place: string, name: string, problem: string): OperatorError {
  return new OperatorError("SNAPSHOT_UNVERIFIED", {
    what: `snapshot ${name} in ${place} can't be used: ${problem}`,
    why: "it was read back after it was written, and differs; it got no manifest, so no restore uses it",
    next: "check that store's disks and network, and save again",
    exit: Exit.Failure,
  });
}
