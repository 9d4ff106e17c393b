// Which incarnation of the cluster the tables belong to (ADR-0016). Without a row they belong to the first
// one: its id is the cluster's, its epoch is 0. The same holds for all fleets from before incarnations were
// recorded. What must stay true: only a recovery writes the row, in the first entry of the new incarnation's
// log.

import type { LogIndex } from "../base/ids.ts";
import type { Incarnation } from "../base/incarnation.ts";
import type { IncarnationRecord } from "../wire/gen/fleet/v1/command.ts";
import type { FleetView } from "./state.ts";
import { INCARNATION_KEY } from "./tables/schema.ts";

type Tables = Pick<FleetView, "tables">;

const SALTS = 2 ** 20 - 1;
const SALT_STEP = 2 ** 32;

export function incarnationRecord({ tables }: Tables): Readonly<IncarnationRecord> | undefined {
  return tables.incarnations.get(INCARNATION_KEY);
}

/** `clusterId`: the asking replica's, which is the id of the tables' incarnation. */
export function incarnationOf(view: Tables, clusterId: string): Incarnation {
  return { id: clusterId, epoch: epochOf(view) };
}

export function epochOf(view: Tables): number {
  return incarnationRecord(view)?.epoch ?? 0;
}

/**
 * The id of a session that the entry at `index` opens. Two incarnations from one copy use the same indexes. A
 * client that does not name its incarnation must never get an answer from another client's session. So the
 * session ids of a recovered cluster start at a number of their own.
 */
export function sessionIdAt(view: Tables, index: LogIndex): number {
  const record = incarnationRecord(view);
  const first = record === undefined ? 0 : saltOf(record.id) * SALT_STEP;
  let id = first + index;
  // The id belongs to a session from before an earlier recovery, which used this number.
  while (view.tables.sessions.get(id) !== undefined) id += 1;
  return id;
}

/** FNV-1a, from 1 to 2^20 - 1: with an index added it stays a safe integer. */
function saltOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return 1 + ((hash >>> 0) % SALTS);
}
