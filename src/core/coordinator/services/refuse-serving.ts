// What the log does not know of a shard that is to be removed: clusters that it serves without their being declared to
// it. They would be served by nobody's leave, so their shard is not taken out unless that is forced.

import { status } from "@grpc/grpc-js";
import { type RemoveShard, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import { ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "./context.ts";
import { sightOf } from "./sight.ts";
import { shardView, undeclaredAt } from "./views.ts";

const NAMES_SHOWN = 5;

/** Throws SHARD_IN_USE or SHARD_UNHEARD. */
export function refuseServing(context: ServiceContext, { shardId, force }: RemoveShard): void {
  const { shards, bindings } = context.machine.view.tables;
  const { counts } = context.machine;
  const row = shards.get(shardId);
  const sight = sightOf(context);
  if (force || sight.leadsForMs === null || row === undefined || row.state === ShardState.REMOVED) return;
  // What is declared to it comes first, and is refused when the removal is applied.
  if (counts.clusters.has(shardId) || counts.domains.has(shardId)) return;
  if (shardView(row, counts, sight).liveness === ShardLiveness.UNKNOWN) throw unheard(shardId);
  const undeclared = undeclaredAt(shardId, (clusterId) => bindings.get(clusterId), sight);
  if (undeclared.length > 0) throw inUse(shardId, undeclared);
}

function unheard(shardId: string) {
  const message = `what shard ${shardId} serves is unknown (rebuilding): it has not reported to this leader yet`;
  return rpcError(status.FAILED_PRECONDITION, "SHARD_UNHEARD", message, { shard: shardId });
}

function inUse(shardId: string, undeclared: readonly string[]) {
  const shown = undeclared.slice(0, NAMES_SHOWN).join(", ");
  const rest = undeclared.length > NAMES_SHOWN ? ` and ${undeclared.length - NAMES_SHOWN} more` : "";
  const what = undeclared.length === 1 ? "a cluster that is" : "clusters that are";
  const message = `shard ${shardId} still serves or holds ${what} not declared to it: ${shown}${rest}`;
  const metadata = { shard: shardId, undeclared: String(undeclared.length) };
  return rpcError(status.FAILED_PRECONDITION, "SHARD_IN_USE", message, metadata);
}
