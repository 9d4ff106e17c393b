// Whether a shard may be ordered to obey this fleet: only if it obeys something else, namely what the
// operator has seen. Only the leader hears shards, so only the leader refuses.

import { status } from "@grpc/grpc-js";
import type { AdoptShard } from "../../../wire/gen/fleet/v1/command.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { obeyedInstead } from "../../calls/other-incarnation.ts";
import { sightOf } from "../sight.ts";

/** Throws SHARD_UNHEARD, SHARD_OBEYS or ADOPTION_OUTDATED. */
export function refuseAdoption(context: ServiceContext, { shardId, givenUp }: AdoptShard): void {
  // The tables refuse a shard that never registered.
  if (context.driver.status().role !== "leader" || givenUp === undefined) return;
  if (context.machine.view.tables.shards.get(shardId) === undefined) return;
  const report = context.observed.report(shardId);
  if (report === undefined)
    throw refusal("SHARD_UNHEARD", `shard ${shardId} has not reported to this leader yet`, shardId);
  const other = obeyedInstead(report, sightOf(context));
  if (other === undefined) throw refusal("SHARD_OBEYS", `shard ${shardId} obeys this fleet`, shardId);
  const isSeen = other.id === givenUp.id && (other.id !== context.clusterId || other.term <= givenUp.term);
  if (isSeen) return;
  const message = `shard ${shardId} obeys ${other.id === "" ? "an unknown incarnation" : other.id} in term ${other.term} now`;
  throw refusal("ADOPTION_OUTDATED", message, shardId);
}

function refusal(reason: string, message: string, shard: string) {
  return rpcError(status.FAILED_PRECONDITION, reason, message, { shard });
}
