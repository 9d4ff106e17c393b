// Taking a shard out of the fleet. Refused while anything is declared to it, for whatever it still serves would be
// nobody's, or while it was told something that it has not accepted: it keeps a domain whose release it never heard of.
// By force, both go with it. The row stays as removed, or the shard's next report would bring it back.

import { type RemoveShard, ShardState } from "../wire/gen/fleet/v1/command.ts";
import { dropInstructions, instructionsOf } from "./apply-instruction.ts";
import { checkShardKnown } from "./apply-shard.ts";
import { checkVersion } from "./expected-version.ts";
import { changed, type Facts, type Result, rejected, unchanged } from "./result.ts";
import { domainKey, instructionKey, leavingGroup, quotaKey } from "./schema.ts";
import type { FleetState, FleetView } from "./state.ts";

/** What stands in the way of a shard's removal: the keys of rows, by table. */
interface Remainder {
  /** Clusters bound to it. */
  readonly clusters: readonly string[];
  /** Clusters that are on their way from it to another. */
  readonly leaving: readonly string[];
  readonly domains: readonly string[];
  readonly quotas: readonly string[];
  /** What it was told and has not accepted, failed ones included. */
  readonly instructions: readonly string[];
}

export function removeShard(state: FleetState, operation: RemoveShard): Result {
  const { shardId, force, expectedVersion } = operation;
  const { shards } = state.tables;
  const refused = checkShardKnown(state, shardId);
  const row = shards.get(shardId);
  if (refused !== null || row === undefined) return refused ?? unchanged(0);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.state === ShardState.REMOVED) return unchanged(row.version);

  const remainder = remainderOf(state, shardId);
  const counts = countsOf(remainder);
  const isEmpty = Object.values(counts).every((count) => count === 0);
  if (!isEmpty && !force) return rejected("SHARD_IN_USE", { ...counts, shard: shardId });
  drop(state, shardId, remainder);
  const version = row.version + 1;
  shards.put({ ...row, state: ShardState.REMOVED, version });
  return changed(version, isEmpty ? {} : counts);
}

/** Costs what it finds. */
function remainderOf(view: FleetView, shardId: string): Remainder {
  const { bindings, domains, quotas } = view.tables;
  return {
    clusters: Array.from(bindings.rowsOf(shardId), (row) => row.clusterId),
    leaving: Array.from(bindings.rowsOf(leavingGroup(shardId)), (row) => row.clusterId),
    domains: Array.from(domains.rowsOf(shardId), (row) => domainKey(row.key, row.value)),
    quotas: Array.from(quotas.rowsOf(shardId), (row) => quotaKey(row.provider, row.region)),
    instructions: Array.from(instructionsOf(view, shardId), (row) =>
      instructionKey(shardId, row.key, row.value),
    ),
  };
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

function drop(state: FleetState, shardId: string, remainder: Remainder): void {
  const { bindings, domains, quotas } = state.tables;
  for (const cluster of remainder.clusters) bindings.remove(cluster);
  for (const cluster of remainder.leaving) {
    const row = bindings.get(cluster);
    if (row !== undefined) bindings.put({ ...row, version: state.appliedIndex, migration: undefined });
  }
  for (const key of remainder.domains) domains.remove(key);
  for (const key of remainder.quotas) {
    const row = quotas.get(key);
    const slices = row?.slices.filter((slice) => slice.shardId !== shardId) ?? [];
    if (row !== undefined) quotas.put({ ...row, slices, version: state.appliedIndex });
  }
  dropInstructions(state, shardId);
}
