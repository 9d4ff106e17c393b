// Which exported snapshots a store holds. A snapshot is there when its manifest is; bytes without one are a remnant. One
// whose bytes are missing, or not as many as its manifest says, is damaged; whether they are the right ones only reading
// them tells (verify-snapshot.ts).

import { parseManifest, type StoredManifest, storedSizeProblem } from "./manifest.ts";
import { manifestKey, newestFirst, parseObjectKey, type SnapshotName } from "./snapshot-name.ts";
import type { SnapshotStore, StoredObject } from "./snapshot-store.ts";

export interface CatalogEntry extends SnapshotName {
  /** Null: without one, or one that can't be read; `problem` says which. */
  readonly manifest: StoredManifest | null;
  /** Why it can't be restored; null as far as can be told without reading its bytes. */
  readonly problem: string | null;
  /** When the youngest of its objects was written. */
  readonly modifiedMs: number;
  /** All its objects, manifest first: in this order they are deleted. */
  readonly keys: readonly string[];
}

export const NO_MANIFEST =
  "it has no manifest: its export is under way or was interrupted, so it counts for nothing";

export const NO_BYTES = "its bytes are missing";

interface Found {
  readonly of: SnapshotName;
  keys: string[];
  modifiedMs: number;
  hasManifest: boolean;
  /** Null: none are there. */
  stateBytes: number | null;
}

/** What this cluster could restore, newest first. */
export function restorable(catalog: readonly CatalogEntry[], clusterId: string): readonly CatalogEntry[] {
  return catalog.filter(({ manifest, problem }) => problem === null && manifest?.clusterId === clusterId);
}

/** Newest first; remnants too. */
export async function readCatalog(store: SnapshotStore): Promise<readonly CatalogEntry[]> {
  const found = new Map<string, Found>();
  for (const object of await store.list()) note(found, object);
  const entries = await Promise.all(
    [...found.values()].map(async (one) => ({
      ...one.of,
      ...(await readManifest(store, one)),
      keys: one.keys,
      modifiedMs: one.modifiedMs,
    })),
  );
  return entries.sort(latestFirst);
}

// A later incarnation's indexes go on from a copy: an earlier one may have come further. What has no manifest does not say
// its incarnation, and counts for nothing.
function latestFirst(a: CatalogEntry, b: CatalogEntry): number {
  return epochOf(b) - epochOf(a) || newestFirst(a, b);
}

const epochOf = ({ manifest }: CatalogEntry): number => manifest?.epoch ?? 0;

function note(found: Map<string, Found>, { key, bytes, modifiedMs }: StoredObject): void {
  const parsed = parseObjectKey(key);
  if (parsed === null) return;
  const { name, atMs, index, part } = parsed;
  const none: Found = {
    ...{ of: { name, atMs, index }, keys: [], modifiedMs: 0 },
    ...{ hasManifest: false, stateBytes: null },
  };
  const entry = found.get(name) ?? none;
  if (part === "manifest") entry.keys.unshift(key);
  else entry.keys.push(key);
  if (part === "manifest") entry.hasManifest = true;
  if (part === "state") entry.stateBytes = bytes;
  entry.modifiedMs = Math.max(entry.modifiedMs, modifiedMs);
  found.set(name, entry);
}

async function readManifest(
  store: SnapshotStore,
  { of: { name, index }, hasManifest, stateBytes }: Found,
): Promise<Pick<CatalogEntry, "manifest" | "problem">> {
  // One that was written since the list was made is not looked for: its bytes may not be in that list either.
  const bytes = hasManifest ? await store.get(manifestKey(name)) : null;
  if (bytes === null) return { manifest: null, problem: NO_MANIFEST };
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return { manifest: null, problem: parsed.problem };
  const { manifest } = parsed;
  if (manifest.index !== index) return { manifest: null, problem: "its manifest is another snapshot's" };
  return { manifest, problem: stateBytes === null ? NO_BYTES : storedSizeProblem(manifest, stateBytes) };
}
