// Shards register themselves, once an epoch. A shard's epoch rises at each of its starts: the highest one is the
// living one, so it alone may say where the shard is.

import type { RegisterShard } from "../wire/gen/fleet/v1/command.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "./result.ts";
import type { FleetState } from "./state.ts";
import { checkAddress, checkNames } from "./validate.ts";

export function registerShard(state: FleetState, context: ApplyContext, operation: RegisterShard): Result {
  const { shardId, address, epoch } = operation;
  const invalid = checkNames({ shard: shardId }) ?? checkAddress(address);
  if (invalid !== null) return invalid;

  const { shards } = state.tables;
  const row = shards.get(shardId);
  if (row === undefined) {
    shards.put({ shardId, address, epoch, registeredAtMs: context.atMs, version: 1 });
    return changed(1);
  }
  if (epoch < row.epoch) {
    return rejected("EPOCH_STALE", `shard ${shardId} has registered with a newer epoch`, {
      epoch: row.epoch,
      shard: shardId,
    });
  }
  if (epoch === row.epoch) {
    if (address === row.address) return unchanged(row.version);
    return rejected("SHARD_ADDRESS_CONFLICT", `shard ${shardId} is at ${row.address} in this epoch`, {
      address: row.address,
      epoch: row.epoch,
      shard: shardId,
    });
  }
  shards.put({ ...row, address, epoch, version: row.version + 1 });
  return changed(row.version + 1);
}

/** The refusal of an operation that names a shard nobody has registered, or null. */
export function checkShardKnown(state: FleetState, shardId: string): Result | null {
  if (state.tables.shards.get(shardId) !== undefined) return null;
  return rejected("SHARD_UNKNOWN", `no shard ${shardId} has registered`, { shard: shardId });
}
