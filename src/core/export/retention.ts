// Which exported snapshots go: pure. Another cluster's are left alone, as is whatever can't be read: it may be a newer
// version's. The newest of this cluster always stays, however few are to be kept.

import { assert } from "../base/assert.ts";
import type { CatalogEntry } from "./catalog.ts";
import { NO_MANIFEST } from "./catalog.ts";

/** An export under way has no manifest yet, and none takes so long. */
const REMNANT_AGE_MS = 24 * 60 * 60 * 1000;

/** Entries to delete, oldest first. `catalog` is newest first. */
export function outdated(
  catalog: readonly CatalogEntry[],
  { clusterId, keep, nowMs }: { readonly clusterId: string; readonly keep: number; readonly nowMs: number },
): readonly CatalogEntry[] {
  assert(keep >= 1, "the newest snapshot is never deleted");
  const own = catalog.filter(({ manifest }) => manifest?.clusterId === clusterId);
  const remnants = catalog.filter(
    ({ problem, modifiedMs }) => problem === NO_MANIFEST && nowMs - modifiedMs > REMNANT_AGE_MS,
  );
  return [...own.slice(keep), ...remnants].reverse();
}
