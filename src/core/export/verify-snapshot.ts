// Whether an exported snapshot matches its manifest: all bytes are read.

import type { OperatorKeys } from "../seal/operator-keys.ts";
import { type CatalogEntry, NO_BYTES } from "./catalog.ts";
import { type Inspect, problemOf } from "./inspect.ts";
import { stateKey } from "./snapshot-name.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import { fromStored } from "./stored-state.ts";

export type VerifiedSnapshot =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/**
 * Throws ENCRYPTION_KEY_NEEDED, ENCRYPTION_KEY_WRONG or SNAPSHOT_NOT_ENCRYPTED. A snapshot that can't be
 * opened is not damaged. A plain one is not trusted when a key is given.
 */
export async function verifySnapshot(
  store: SnapshotStore,
  { name, manifest, problem }: CatalogEntry,
  inspect?: Inspect,
  keys: OperatorKeys | null = null,
  allowPlain = false,
): Promise<VerifiedSnapshot> {
  if (manifest === null) return { ok: false, problem: problem ?? "it has no manifest" };
  const stored = await store.get(stateKey(name));
  if (stored === null) return { ok: false, problem: NO_BYTES };
  const opened = await fromStored(manifest, stored, keys, `snapshot ${name} in ${store.place}`, allowPlain);
  if (typeof opened === "string") return { ok: false, problem: opened };
  const bytes = opened.content;
  const found = await problemOf(manifest, bytes, inspect);
  return found === null ? { ok: true, bytes } : { ok: false, problem: found };
}
