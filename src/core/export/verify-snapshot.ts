// Whether an exported snapshot is what it says: everything is read.

import { type CatalogEntry, NO_BYTES } from "./catalog.ts";
import { type Inspect, problemOf } from "./inspect.ts";
import { stateKey } from "./snapshot-name.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export type VerifiedSnapshot =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: string };

export async function verifySnapshot(
  store: SnapshotStore,
  { name, manifest, problem }: CatalogEntry,
  inspect?: Inspect,
): Promise<VerifiedSnapshot> {
  if (manifest === null) return { ok: false, problem: problem ?? "it has no manifest" };
  const bytes = await store.get(stateKey(name));
  if (bytes === null) return { ok: false, problem: NO_BYTES };
  const found = await problemOf(manifest, bytes, inspect);
  return found === null ? { ok: true, bytes } : { ok: false, problem: found };
}
