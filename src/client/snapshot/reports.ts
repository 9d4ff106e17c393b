// The exported snapshots in a store, and the results of checking them.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shellWord } from "../../core/base/shell-word.ts";
import { type CatalogEntry, NO_MANIFEST, readCatalog } from "../../core/export/catalog.ts";
import type { CapturedSnapshot } from "../../core/export/export-snapshot.ts";
import { manifestKey } from "../../core/export/snapshot-name.ts";
import type { SnapshotStore } from "../../core/export/snapshot-store.ts";
import { verifySnapshot } from "../../core/export/verify-snapshot.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";

export interface SnapshotFinding {
  readonly name: string;
  /** `complete` was not read whole, `verified` was. */
  readonly state: "complete" | "verified" | "damaged" | "incomplete";
  readonly problem: string | null;
  readonly index: number;
  readonly atMs: number;
  readonly term: number | null;
  readonly bytes: number | null;
  readonly stateHash: string | null;
  readonly clusterName: string | null;
  readonly clusterId: string | null;
  /** Epoch of the state's incarnation; null = its manifest does not say, as with older builds. */
  readonly epoch: number | null;
  /** The id of the operator's key that opens it; null = it is not encrypted. */
  readonly operatorKey: string | null;
}

export interface SnapshotListReport {
  readonly place: string;
  /** Newest first. */
  readonly snapshots: readonly SnapshotFinding[];
}

export interface ChosenSnapshot extends CapturedSnapshot {
  readonly name: string;
}

export async function listSnapshots(store: SnapshotStore): Promise<SnapshotListReport> {
  return { place: store.place, snapshots: (await readCatalog(store)).map(findingOf) };
}

/** Of all of them, of the named one, or of the newest. Throws SNAPSHOT_NOT_FOUND. */
export async function verifySnapshots(
  store: SnapshotStore,
  which: { readonly name: string | undefined; readonly all: boolean },
  keys: OperatorKeys | null = null,
  allowPlain = false,
): Promise<SnapshotListReport> {
  const catalog = await readCatalog(store);
  const entries = which.all ? catalog : [choose(catalog, store, which.name)];
  const snapshots: SnapshotFinding[] = [];
  for (const entry of entries) {
    const finding = findingOf(entry);
    if (entry.manifest === null) {
      snapshots.push(finding);
      continue;
    }
    const verified = await verifySnapshot(store, entry, undefined, keys, allowPlain);
    // The leader may have deleted it meanwhile, because it keeps a limited number.
    if (!verified.ok && (await store.get(manifestKey(entry.name))) === null) continue;
    snapshots.push(
      verified.ok
        ? { ...finding, state: "verified" }
        : { ...finding, state: "damaged", problem: verified.problem },
    );
  }
  // A missing backup must not count as a checked one.
  const isAnyChecked = snapshots.some(({ state }) => state !== "incomplete");
  if (!isAnyChecked && (which.all || snapshots.length === 0)) throw notFound(store.place, which.name);
  return { place: store.place, snapshots };
}

/** The named one or the newest, read and verified. Throws SNAPSHOT_NOT_FOUND or SNAPSHOT_DAMAGED. */
export async function takeSnapshot(
  store: SnapshotStore,
  name: string | undefined,
  keys: OperatorKeys | null = null,
  allowPlain = false,
): Promise<ChosenSnapshot> {
  const entry = choose(await readCatalog(store), store, name);
  const verified = await verifySnapshot(store, entry, undefined, keys, allowPlain);
  if (verified.ok && entry.manifest !== null)
    return { name: entry.name, manifest: entry.manifest, bytes: verified.bytes };
  const problem = verified.ok ? "it has no manifest" : verified.problem;
  throw new OperatorError("SNAPSHOT_DAMAGED", {
    what: `snapshot ${entry.name} can't be restored: ${problem}`,
    why: "a restore accepts only the exported bytes",
    next: `find an undamaged one with: fleet snapshot verify --all --from ${shellWord(store.place)}`,
    exit: Exit.Failure,
  });
}

/** Without a name, the newest one that has a manifest; if there are several fleets, there is no newest. */
function choose(
  catalog: readonly CatalogEntry[],
  { place }: SnapshotStore,
  name: string | undefined,
): CatalogEntry {
  const found = catalog.find((entry) => (name === undefined ? entry.manifest !== null : entry.name === name));
  if (found === undefined) throw notFound(place, name);
  const fleets = new Set(catalog.flatMap(({ manifest }) => manifest?.clusterName ?? []));
  if (name !== undefined || fleets.size < 2) return found;
  throw new OperatorError("USAGE", {
    what: `${place} holds snapshots of several fleets: ${[...fleets].sort().join(", ")}`,
    next: `name one of them; see: fleet snapshot list --from ${shellWord(place)}`,
    exit: Exit.Usage,
  });
}

function notFound(place: string, name: string | undefined): OperatorError {
  return new OperatorError("SNAPSHOT_NOT_FOUND", {
    what: name === undefined ? `no snapshot is in ${place}` : `no snapshot ${name} is in ${place}`,
    next: `see what is there with: fleet snapshot list --from ${shellWord(place)}`,
    exit: Exit.NotFound,
  });
}

function findingOf({ name, manifest, problem, index, atMs }: CatalogEntry): SnapshotFinding {
  return {
    ...{ name, index, atMs, problem },
    state: problem === null ? "complete" : problem === NO_MANIFEST ? "incomplete" : "damaged",
    term: manifest?.term ?? null,
    bytes: manifest?.bytes ?? null,
    stateHash: manifest?.stateHash ?? null,
    clusterName: manifest?.clusterName ?? null,
    clusterId: manifest?.clusterId ?? null,
    epoch: manifest?.epoch ?? null,
    operatorKey: manifest?.encryption?.operatorKey ?? null,
  };
}
