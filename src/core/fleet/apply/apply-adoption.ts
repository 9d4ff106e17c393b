// An operator's decision that a shard must obey this fleet, although it obeys another incarnation or a newer
// term. The row keeps the order until the shard obeys, so that a new leader continues with it. What must stay
// true: it names what the shard must give up. So it never takes a shard from a coordinator that the operator
// has not seen.

import type { AdoptShard, SettleAdoption } from "../../wire/gen/fleet/v1/command.ts";
import { ShardState } from "../../wire/gen/fleet/v1/command.ts";
import { type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { removed, unknown, update } from "./apply-shard.ts";
import { ABSENT, checkVersion } from "./expected-version.ts";

export function adoptShard(state: FleetState, { shardId, givenUp, expectedVersion }: AdoptShard): Result {
  const row = state.tables.shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  if (row.state === ShardState.REMOVED) return removed(shardId);
  const conflict = checkVersion(`shard ${shardId}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (givenUp === undefined) return rejected("INVALID_ADOPTION");
  const { givingUp } = row;
  const isSame =
    givingUp?.id === givenUp.id && givingUp.epoch === givenUp.epoch && givingUp.term === givenUp.term;
  return isSame ? unchanged(row.version) : update(state, row, { givingUp: { ...givenUp } });
}

/** Idempotent: every leader that sees the shard obey may propose it. */
export function settleAdoption(state: FleetState, { shardId }: SettleAdoption): Result {
  const row = state.tables.shards.get(shardId);
  if (row?.givingUp === undefined) return unchanged(row?.version ?? ABSENT);
  return update(state, row, { givingUp: undefined });
}
