// The operations that may change thousands of rows: how many rows, and their work in slices (ADR-0022).

import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import type { NewCommand } from "../command-codec.ts";
import type { ApplyContext, Result } from "../result.ts";
import type { Slicing } from "../slices.ts";
import type { FleetState } from "../state.ts";
import type { ShardCounts } from "../tables/shard-counts.ts";
import { moveDomains } from "./apply-domain.ts";
import { reconcileDomains } from "./apply-held-domains.ts";
import { settleInstructions } from "./apply-instruction.ts";
import { removeShard } from "./apply-remove-shard.ts";

type OperationKind = NonNullable<Operation["kind"]>;

/** The number of rows of the command, if it is known without reading them; 1 = a few. */
export function rowsOf(state: FleetState, { operation }: NewCommand): number {
  const kind = operation?.kind;
  switch (kind?.$case) {
    case "moveDomains":
      return kind.value.moves.length;
    case "settleInstructions":
      return kind.value.acks.length;
    case "reconcileDomains":
      return kind.value.strayed.length + kind.value.missing.length;
    case "removeShard":
      return kind.value.force ? rowsOfShard(state.counts, kind.value.shardId) : 1;
    default:
      return 1;
  }
}

function rowsOfShard({ clusters, domains, instructions }: ShardCounts, shardId: string): number {
  return (clusters.get(shardId) ?? 0) + (domains.get(shardId) ?? 0) + (instructions.get(shardId) ?? 0);
}

/** Null: the operation changes only a few rows. */
export function performOnMany(
  state: FleetState,
  context: ApplyContext,
  { $case, value }: OperationKind,
): Slicing<Result> | null {
  switch ($case) {
    case "moveDomains":
      return moveDomains(state, context, value);
    case "settleInstructions":
      return settleInstructions(state, context, value);
    case "reconcileDomains":
      return reconcileDomains(state, context, value);
    case "removeShard":
      return removeShard(state, context, value);
    default:
      return null;
  }
}
