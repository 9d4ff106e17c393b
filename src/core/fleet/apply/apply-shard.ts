// Shards register themselves, once an epoch. A shard's epoch rises at each start: the highest one is the
// running one, so only that one may set the shard's address. Operators drain and activate.

import {
  type ActivateShard,
  type DrainShard,
  type ForgetShard,
  type NoteShardLeft,
  type RegisterShard,
  type ShardRecord,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState, FleetView } from "../state.ts";
import { checkAddress, checkNames, checkOptionalNames } from "../validate.ts";
import { checkVersion } from "./expected-version.ts";

export function registerShard(state: FleetState, context: ApplyContext, operation: RegisterShard): Result {
  const { shardId, address, epoch, region, zone } = operation;
  const refused = checkShardRegisters(state, operation);
  if (refused !== null) return refused;

  const { shards } = state.tables;
  const row = shards.get(shardId);
  if (row === undefined) {
    const { atMs: registeredAtMs } = context;
    const { ACTIVE } = ShardState;
    shards.put({ shardId, address, epoch, region, zone, registeredAtMs, version: 1, state: ACTIVE });
    return changed(1);
  }
  if (isSamePlace(row, operation)) return unchanged(row.version);
  return update(state, row, { address, epoch, region, zone });
}

export function drainShard(state: FleetState, { shardId, expectedVersion }: DrainShard): Result {
  const row = state.tables.shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  if (row.state === ShardState.REMOVED) return removed(shardId);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.state === ShardState.DRAINING) return unchanged(row.version);
  return update(state, row, { state: ShardState.DRAINING });
}

export function activateShard(state: FleetState, { shardId, expectedVersion }: ActivateShard): Result {
  const row = state.tables.shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.state === ShardState.ACTIVE) return unchanged(row.version);
  return update(state, row, { state: ShardState.ACTIVE, leftAtMs: undefined });
}

/** The shard may come back as a new one. The leader has refused this while it hears the shard. */
export function forgetShard(state: FleetState, { shardId, expectedVersion }: ForgetShard): Result {
  const row = state.tables.shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row.state !== ShardState.REMOVED) return rejected("SHARD_NOT_REMOVED", { shard: shardId });
  state.tables.shards.remove(shardId);
  return changed(row.version + 1);
}

/** Idempotent: every leader that hears the shard say so may propose it. */
export function noteShardLeft(state: FleetState, context: ApplyContext, { shardId }: NoteShardLeft): Result {
  const row = state.tables.shards.get(shardId);
  if (row?.state !== ShardState.REMOVED) return rejected("SHARD_NOT_REMOVED", { shard: shardId });
  if (row.leftAtMs !== undefined) return unchanged(row.version);
  return update(state, row, { leftAtMs: context.atMs });
}

/** The refusal of a shard's registration, or null. */
export function checkShardRegisters(view: FleetView, operation: RegisterShard): Result | null {
  const { shardId, address, region, zone } = operation;
  const invalid =
    checkNames({ shard: shardId }) ?? checkAddress(address) ?? checkOptionalNames({ region, zone });
  if (invalid !== null) return invalid;
  const row = view.tables.shards.get(shardId);
  if (row === undefined) return null;
  return row.state === ShardState.REMOVED ? removed(shardId) : checkEpoch(row, operation);
}

/** The refusal of an operation that gives something to a shard that may not take it, or null. */
export function checkShardTakes(view: FleetView, shardId: string): Result | null {
  const row = view.tables.shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  switch (row.state) {
    case ShardState.DRAINING:
      return rejected("SHARD_DRAINING", {
        shard: shardId,
      });
    case ShardState.REMOVED:
      return removed(shardId);
    case ShardState.ACTIVE:
    case ShardState.UNSPECIFIED:
    case ShardState.UNRECOGNIZED:
      return null;
  }
}

/** The refusal of an operation that names a shard that has never registered, or null. */
export function checkShardKnown(view: FleetView, shardId: string): Result | null {
  return view.tables.shards.get(shardId) === undefined ? unknown(shardId) : null;
}

function checkEpoch(row: Readonly<ShardRecord>, { shardId, address, epoch }: RegisterShard): Result | null {
  if (epoch < row.epoch) {
    return rejected("EPOCH_STALE", {
      epoch: row.epoch,
      shard: shardId,
    });
  }
  if (epoch > row.epoch || address === row.address) return null;
  return rejected("SHARD_ADDRESS_CONFLICT", {
    address: row.address,
    epoch: row.epoch,
    shard: shardId,
  });
}

function isSamePlace(row: Readonly<ShardRecord>, { address, epoch, region, zone }: RegisterShard): boolean {
  return row.epoch === epoch && row.address === address && row.region === region && row.zone === zone;
}

export function update(state: FleetState, row: Readonly<ShardRecord>, change: Partial<ShardRecord>): Result {
  const version = row.version + 1;
  state.tables.shards.put({ ...row, ...change, version });
  return changed(version);
}

export function unknown(shardId: string): Result {
  return rejected("SHARD_UNKNOWN", { shard: shardId });
}

export function removed(shardId: string): Result {
  return rejected("SHARD_REMOVED", {
    shard: shardId,
  });
}
