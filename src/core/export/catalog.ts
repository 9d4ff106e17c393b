// Which exported snapshots a store holds. A snapshot is there when its manifest is; bytes without one are a remnant.

import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import { parseManifest } from "./manifest.ts";
import { manifestKey, newestFirst, parseObjectKey, type SnapshotName } from "./snapshot-name.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

export interface CatalogEntry extends SnapshotName {
  /** Null: without one, or one that can't be read; `problem` says which. */
  readonly manifest: SnapshotManifest | null;
  readonly problem: string | null;
  /** When the youngest of its objects was written. */
  readonly modifiedMs: number;
  /** All its objects, manifest first: in this order they are deleted. */
  readonly keys: readonly string[];
}

export const NO_MANIFEST =
  "it has no manifest: its export is under way or was interrupted, so it counts for nothing";

/** Newest first; remnants too. */
export async function readCatalog(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
  const found = new Map<string, { readonly of: SnapshotName; keys: string[]; modifiedMs: number }>();
  for (const { key, modifiedMs } of await store.list()) {
    const parsed = parseObjectKey(key);
    if (parsed === null) continue;
    const { name, atMs, index } = parsed;
    const entry = found.get(name) ?? { of: { name, atMs, index }, keys: [], modifiedMs: 0 };
    if (parsed.part === "manifest") entry.keys.unshift(key);
    else entry.keys.push(key);
    entry.modifiedMs = Math.max(entry.modifiedMs, modifiedMs);
    found.set(name, entry);
  }
  const entries = await Promise.all(
    [...found.values()].map(async ({ of, keys, modifiedMs }) => ({
      ...of,
      ...(await readManifest(store, of)),
      keys,
      modifiedMs,
    })),
  );
  return entries.sort(newestFirst);
}

async function readManifest(
  store: SnapshotStore,
  { name, index }: SnapshotName,
): Promise<Pick<CatalogEntry, "manifest" | "problem">> {
  const bytes = await store.get(manifestKey(name));
  if (bytes === null) return { manifest: null, problem: NO_MANIFEST };
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return { manifest: null, problem: parsed.problem };
  if (parsed.manifest.index !== index)
    return { manifest: null, problem: "its manifest is another snapshot's" };
  return { manifest: parsed.manifest, problem: null };
}
