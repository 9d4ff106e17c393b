// Which exported snapshots go: pure. Another cluster's are left alone, as is one whose manifest can't be read: it may be
// a newer version's. The newest of this cluster that can be restored always stays, however few are to be kept: damaged
// ones count for nothing, and go when they are older than all that is kept.

import { assert } from "../base/assert.ts";
import { type CatalogEntry, NO_MANIFEST, restorable } from "./catalog.ts";

/** An export under way has no manifest yet, and none takes so long. */
const REMNANT_AGE_MS = 24 * 60 * 60 * 1000;

/** Entries to delete, oldest first. `catalog` is newest first. */
export function outdated(
  catalog: readonly CatalogEntry[],
  { clusterId, keep, nowMs }: { readonly clusterId: string; readonly keep: number; readonly nowMs: number },
): readonly CatalogEntry[] {
  assert(keep >= 1, "the newest snapshot is never deleted");
  const oldestKept = restorable(catalog, clusterId)[keep - 1];
  const behind = oldestKept === undefined ? [] : catalog.slice(catalog.indexOf(oldestKept) + 1);
  const own = behind.filter(({ manifest }) => manifest?.clusterId === clusterId);
  const remnants = catalog.filter(
    ({ problem, modifiedMs }) => problem === NO_MANIFEST && nowMs - modifiedMs > REMNANT_AGE_MS,
  );
  return [...own, ...remnants].reverse();
}
