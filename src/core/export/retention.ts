// Which exported snapshots are deleted: pure. Snapshots of another cluster stay, and so does one whose
// manifest can't be read: a newer version may have written it. The newest restorable snapshot of this cluster
// always stays, whatever the limit. Damaged ones do not count towards the limit. They are deleted once they
// are older than all that are kept.

import { assert } from "../base/assert.ts";
import { type CatalogEntry, NO_MANIFEST, restorable } from "./catalog.ts";

/** A running export has no manifest yet, but none takes this long. */
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
