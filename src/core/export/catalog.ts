// Which exported snapshots a store holds. A snapshot exists when its manifest does; bytes without a manifest
// are a remnant. A snapshot is damaged when its bytes are missing, or are not as many as its manifest says.
// Whether they are the right bytes is known only after reading them (verify-snapshot.ts).

import { parseManifest, type StoredManifest, storedSizeProblem } from "./manifest.ts";
import {
  manifestKey,
  newestFirst,
  parseObjectKey,
  type SnapshotName,
  snapshotName,
} from "./snapshot-name.ts";
import type { SnapshotStore, StoredObject } from "./snapshot-store.ts";

export interface CatalogEntry extends SnapshotName {
  /** Null if it has no manifest or an unreadable one; `problem` says which. */
  readonly manifest: StoredManifest | null;
  /** Why it can't be restored; null if no problem is known without reading its bytes. */
  readonly problem: string | null;
  /** When the youngest of its objects was written. */
  readonly modifiedMs: number;
  /** All its objects, manifest first: they are deleted in this order. */
  readonly keys: readonly string[];
}

export const NO_MANIFEST = "it has no manifest: its export is running or was interrupted, so it is not used";

/** A manifest has about 1 KB, and 200 bytes per member. */
const MANIFEST_BYTES_MAX = 1024 * 1024;

export const NO_BYTES = "its bytes are missing";

interface Found {
  readonly of: SnapshotName;
  keys: string[];
  modifiedMs: number;
  /** Null: it has no manifest. */
  manifestBytes: number | null;
  /** Null: there are no bytes. */
  stateBytes: number | null;
}

/** The snapshots that this cluster could restore, newest first. */
export function restorable(catalog: readonly CatalogEntry[], clusterId: string): readonly CatalogEntry[] {
  return catalog.filter(({ manifest, problem }) => problem === null && manifest?.clusterId === clusterId);
}

/** Newest first, remnants included. */
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

// A later incarnation's indexes start from a copy, so an earlier incarnation may have higher ones. An entry
// without a manifest does not name its incarnation and is ignored.
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
    ...{ manifestBytes: null, stateBytes: null },
  };
  const entry = found.get(name) ?? none;
  if (part === "manifest") entry.keys.unshift(key);
  else entry.keys.push(key);
  if (part === "manifest") entry.manifestBytes = bytes;
  if (part === "state") entry.stateBytes = bytes;
  entry.modifiedMs = Math.max(entry.modifiedMs, modifiedMs);
  found.set(name, entry);
}

async function readManifest(
  store: SnapshotStore,
  { of: { name }, manifestBytes, stateBytes }: Found,
): Promise<Pick<CatalogEntry, "manifest" | "problem">> {
  // A manifest that was written after the listing is not read: its bytes may be missing from the listing too.
  if (manifestBytes !== null && manifestBytes > MANIFEST_BYTES_MAX)
    return { manifest: null, problem: `its manifest has ${manifestBytes} bytes, so it is not read` };
  const bytes = manifestBytes !== null ? await store.get(manifestKey(name)) : null;
  if (bytes === null) return { manifest: null, problem: NO_MANIFEST };
  const parsed = parseManifest(bytes);
  if (!parsed.ok) return { manifest: null, problem: parsed.problem };
  const { manifest } = parsed;
  if (snapshotName(manifest.atMs, manifest.index) !== name)
    return { manifest: null, problem: "its manifest belongs to another snapshot" };
  return { manifest, problem: stateBytes === null ? NO_BYTES : storedSizeProblem(manifest, stateBytes) };
}
