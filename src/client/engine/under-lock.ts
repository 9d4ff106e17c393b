// A command on a fleet's move acts on what it read before it asked and waited. What must stay true: it changes something
// only while it holds the fleet's lock, and only if journal and fleet.yaml are still what it read.

import { isDeepStrictEqual } from "node:util";
import { type EngineMove, readEngineMove } from "../files/engine-move.ts";
import { lockPath } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import type { LocalDeps } from "../local/deps.ts";
import { withLock } from "../processes/lock.ts";
import * as refuse from "./refusals.ts";

/** Runs `body` with the lock. Throws ENGINE_MOVE_CHANGED if the journal is not `expected` any more, or fleet.yaml is new. */
export function underLock<Value>(
  { fleet, deps }: { readonly fleet: LocalFleet; readonly deps: LocalDeps },
  expected: EngineMove | null,
  body: () => Promise<Value>,
): Promise<Value> {
  const { directory } = fleet;
  return withLock(lockPath(directory), deps, async () => {
    const found = await readEngineMove(directory);
    if (found?.stamp !== expected?.stamp || found?.step !== expected?.step) {
      throw refuse.moveChanged("the journal of the fleet's moves");
    }
    const { file } = await loadLocalFleet(directory);
    if (!isDeepStrictEqual(file, fleet.file)) throw refuse.moveChanged("fleet.yaml");
    return body();
  });
}
