// What the log does not know of a shard that is to be removed: clusters that it serves without their being declared to
// it. They would be served by nobody's leave, so their shard is not taken out unless that is forced, and that it was
// forced says so.
// What must stay true: silence is never taken for absence. What a shard said last counts until it is dead, and from when
// it is suspect nobody knows that there is not more.

import { status } from "@grpc/grpc-js";
import { type Applied, type RemoveShard, ShardState } from "../../../wire/gen/fleet/v1/command.ts";
import { ShardLiveness } from "../../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { sightOf } from "../sight.ts";
import { shardView, undeclaredAt } from "../views.ts";

const NAMES_SHOWN = 5;

/** Throws SHARD_IN_USE or SHARD_UNHEARD. */
export function refuseServing(context: ServiceContext, { shardId, force }: RemoveShard): void {
  const { counts } = context.machine;
  const serving = force ? null : servingOf(context, shardId);
  if (serving === null || serving.liveness === ShardLiveness.DEAD) return;
  // What is declared to it comes first, and is refused when the removal is applied.
  if (counts.clusters.has(shardId) || counts.domains.has(shardId)) return;
  if (serving.undeclared.length > 0) throw inUse(shardId, serving.undeclared);
  if (serving.liveness !== ShardLiveness.ALIVE) throw unheard(shardId, serving);
}

/** What a forced removal leaves to be served by nobody's leave, in words that go on after "which"; empty = nothing. */
export function leavesServing(context: ServiceContext, { shardId, force }: RemoveShard): string {
  const serving = force ? servingOf(context, shardId) : null;
  if (serving === null) return "";
  const { liveness, undeclared } = serving;
  const isKnown = liveness === ShardLiveness.ALIVE;
  if (undeclared.length > 0) {
    const since = isKnown ? "still serves or holds" : `when it last reported, ${silence(serving)} ago, had`;
    return `${since} ${inWords(undeclared)}`;
  }
  if (isKnown) return "";
  return `may serve clusters that are not declared to it: ${whyUnheard(serving)}`;
}

/** What was applied, with what goes unsaid in the tables: a removed shard serves on. */
export function withServing(applied: Applied, serving: string): Applied {
  if (!applied.changed || serving === "") return applied;
  const { summary } = applied;
  return { ...applied, summary: summary === "" ? serving : `${summary}, and which ${serving}` };
}

interface Serving {
  readonly liveness: ShardLiveness;
  readonly undeclared: readonly string[];
  /** For how long the leader has not heard it: since its last report, or since it leads. */
  readonly silentForMs: number;
  readonly hasReported: boolean;
}

/** Null on a replica that does not lead, and of a shard that is not in the fleet. */
function servingOf(context: ServiceContext, shardId: string): Serving | null {
  const { shards, bindings } = context.machine.view.tables;
  const row = shards.get(shardId);
  const sight = sightOf(context);
  if (sight.leadsForMs === null || row === undefined || row.state === ShardState.REMOVED) return null;
  const { liveness, observed } = shardView(row, context.machine.counts, sight);
  return {
    liveness,
    undeclared: undeclaredAt(shardId, (clusterId) => bindings.get(clusterId), sight.observed),
    silentForMs: observed?.ageMs ?? sight.leadsForMs,
    hasReported: observed !== undefined,
  };
}

function unheard(shardId: string, serving: Serving) {
  const rebuilding = serving.liveness === ShardLiveness.UNKNOWN ? " (rebuilding)" : "";
  const message = `what shard ${shardId} serves is unknown${rebuilding}: ${whyUnheard(serving)}`;
  return rpcError(status.FAILED_PRECONDITION, "SHARD_UNHEARD", message, { shard: shardId });
}

function whyUnheard(serving: Serving): string {
  return serving.hasReported
    ? `it has not reported for ${silence(serving)}`
    : "it has not reported to this leader yet";
}

function silence({ silentForMs }: Serving): string {
  return `${Math.floor(silentForMs / 1_000)} s`;
}

function inUse(shardId: string, undeclared: readonly string[]) {
  const message = `shard ${shardId} still serves or holds ${inWords(undeclared)}`;
  const metadata = { shard: shardId, undeclared: String(undeclared.length) };
  return rpcError(status.FAILED_PRECONDITION, "SHARD_IN_USE", message, metadata);
}

function inWords(undeclared: readonly string[]): string {
  const shown = undeclared.slice(0, NAMES_SHOWN).join(", ");
  const rest = undeclared.length > NAMES_SHOWN ? ` and ${undeclared.length - NAMES_SHOWN} more` : "";
  const what = undeclared.length === 1 ? "a cluster that is" : "clusters that are";
  return `${what} not declared to it: ${shown}${rest}`;
}
