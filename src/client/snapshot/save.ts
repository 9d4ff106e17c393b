// Fetches the fleet's state from its leader and stores it elsewhere, within one time limit for everything.

import { exportSnapshot } from "../../core/export/export-snapshot.ts";
import type { SnapshotStore } from "../../core/export/snapshot-store.ts";
import { storeTimedOut, untilAborted } from "../../core/export/until-aborted.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import type { SnapshotManifest } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";

export interface SavedSnapshot {
  readonly name: string;
  readonly manifest: SnapshotManifest;
}

/** Throws an OperatorError, also after the time limit: then the store may keep data without a manifest. */
export async function saveSnapshot(
  client: Pick<FleetClient, "saveSnapshot">,
  store: SnapshotStore,
  timeoutMs: number,
  keys: OperatorKeys | null = null,
): Promise<SavedSnapshot> {
  const endsAtMs = performance.now() + timeoutMs;
  const captured = await client.saveSnapshot(timeoutMs);
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(storeTimedOut(store.place, timeoutMs)),
    Math.max(0, endsAtMs - performance.now()),
  );
  try {
    const name = await untilAborted(store, stop.signal, (limited) =>
      exportSnapshot(limited, captured, undefined, keys),
    );
    return { name, manifest: captured.manifest };
  } finally {
    clearTimeout(timer);
  }
}
