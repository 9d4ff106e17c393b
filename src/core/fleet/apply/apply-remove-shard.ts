// Removes a shard from the fleet. Refused while anything is declared to it, because clusters that it still
// serves would have no owner. Also refused while it has not accepted an instruction: it would keep a domain
// whose release it never received. By force both are dropped with it. The row stays as removed; otherwise the
// shard's next report would register it again.

import { type RemoveShard, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import { type ApplyContext, changed, type Facts, type Result, rejected, unchanged } from "../result.ts";
import { bySlices, type Slicing } from "../slices.ts";
import type { FleetState, FleetView } from "../state.ts";
import { domainKey, instructionKey, leavingGroup, quotaKey } from "../tables/schema.ts";
import { instructionsOf } from "./apply-instruction.ts";
import { checkShardKnown } from "./apply-shard.ts";
import { checkVersion } from "./expected-version.ts";

/** What blocks a shard's removal: the keys of rows, by table. */
interface Remainder {
  /** Clusters bound to it. */
  readonly clusters: readonly string[];
  /** Clusters that are moving from it to another. */
  readonly leaving: readonly string[];
  readonly domains: readonly string[];
  readonly quotas: readonly string[];
  /** Instructions that it has not accepted, including failed ones. */
  readonly instructions: readonly string[];
}

export function* removeShard(
  state: FleetState,
  { rowsPerSlice }: ApplyContext,
  operation: RemoveShard,
): Slicing<Result> {
  const { shardId, force, expectedVersion } = operation;
  const { shards } = state.tables;
  const refused = checkShardKnown(state, shardId);
  const row = shards.get(shardId);
  if (refused !== null || row === undefined) return refused ?? unchanged(0);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.state === ShardState.REMOVED) return unchanged(row.version);

  const remainder = yield* remainderOf(state, shardId, rowsPerSlice);
  const counts = countsOf(remainder);
  const isEmpty = Object.values(counts).every((count) => count === 0);
  if (!isEmpty && !force) return rejected("SHARD_IN_USE", { ...counts, shard: shardId });
  yield* drop(state, shardId, remainder, rowsPerSlice);
  const version = row.version + 1;
  shards.put({ ...row, state: ShardState.REMOVED, version });
  return changed(version, isEmpty ? {} : counts);
}

/** Its cost is proportional to what it finds. */
function* remainderOf(view: FleetView, shardId: string, rowsPerSlice: number): Slicing<Remainder> {
  const { bindings, domains, quotas } = view.tables;
  return {
    clusters: yield* keysOf(bindings.rowsOf(shardId), rowsPerSlice, (row) => row.clusterId),
    leaving: yield* keysOf(bindings.rowsOf(leavingGroup(shardId)), rowsPerSlice, (row) => row.clusterId),
    domains: yield* keysOf(domains.rowsOf(shardId), rowsPerSlice, (row) => domainKey(row.key, row.value)),
    quotas: yield* keysOf(quotas.rowsOf(shardId), rowsPerSlice, (row) => quotaKey(row.provider, row.region)),
    instructions: yield* keysOf(instructionsOf(view, shardId), rowsPerSlice, (row) =>
      instructionKey(shardId, row.key, row.value),
    ),
  };
}

function* keysOf<Row>(
  rows: Iterable<Row>,
  rowsPerSlice: number,
  keyOf: (row: Row) => string,
): Slicing<string[]> {
  const keys: string[] = [];
  yield* bySlices(rows, rowsPerSlice, (row) => keys.push(keyOf(row)));
  return keys;
}

function countsOf({ clusters, leaving, domains, quotas, instructions }: Remainder): Facts {
  return {
    clusters: clusters.length,
    domains: domains.length,
    instructions: instructions.length,
    leaving: leaving.length,
    quotas: quotas.length,
  };
}

function* drop(
  state: FleetState,
  shardId: string,
  remainder: Remainder,
  rowsPerSlice: number,
): Slicing<void> {
  const { bindings, domains, quotas, instructions } = state.tables;
  yield* bySlices(remainder.clusters, rowsPerSlice, (key) => bindings.remove(key));
  yield* bySlices(remainder.leaving, rowsPerSlice, (key) => {
    const row = bindings.get(key);
    if (row !== undefined) bindings.put({ ...row, version: state.appliedIndex, migration: undefined });
  });
  yield* bySlices(remainder.domains, rowsPerSlice, (key) => domains.remove(key));
  yield* bySlices(remainder.quotas, rowsPerSlice, (key) => {
    const row = quotas.get(key);
    const slices = row?.slices.filter((slice) => slice.shardId !== shardId) ?? [];
    if (row !== undefined) quotas.put({ ...row, slices, version: state.appliedIndex });
  });
  // A removed shard gets no more instructions.
  yield* bySlices(remainder.instructions, rowsPerSlice, (key) => instructions.remove(key));
}
