// Checks a shard before its removal for something that the log does not know: clusters that it serves without
// a declaration. After the removal it would serve them without permission. So the removal is refused unless
// it is forced; then the answer names them. What must stay true: silence is never taken for absence. A
// shard's last report counts until the shard is dead; once it is suspect, there may be more clusters.

import { status } from "@grpc/grpc-js";
import {
  type Applied,
  type ForgetShard,
  type RemoveShard,
  ShardState,
} from "../../../wire/gen/fleet/v1/command.ts";
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
  // Declared rows come first, and are refused when the removal is applied.
  if (counts.clusters.has(shardId) || counts.domains.has(shardId)) return;
  if (serving.undeclared.length > 0) throw inUse(shardId, serving.undeclared);
  if (serving.liveness !== ShardLiveness.ALIVE) throw unheard(shardId, serving);
}

/** Its next report would register it again. Throws SHARD_HEARD. */
export function refuseForgetting(context: ServiceContext, { shardId }: ForgetShard): void {
  const sight = sightOf(context);
  const row = context.machine.view.tables.shards.get(shardId);
  if (sight.leadsForMs === null || row === undefined || row.state !== ShardState.REMOVED) return;
  const { liveness } = shardView(row, context.machine.counts, sight);
  if (liveness === ShardLiveness.DEAD) return;
  const message =
    liveness === ShardLiveness.UNKNOWN
      ? `this leader is too new to know whether shard ${shardId} still reports`
      : `shard ${shardId} reported lately: its next report would register it again`;
  throw rpcError(status.FAILED_PRECONDITION, "SHARD_HEARD", message, { shard: shardId });
}

/** What a forced removal leaves at the shard, in words that continue after "which"; empty = nothing. */
export function leavesServing(context: ServiceContext, { shardId, force }: RemoveShard): string {
  const serving = force ? servingOf(context, shardId) : null;
  if (serving === null) return "";
  const { liveness, undeclared } = serving;
  const isKnown = liveness === ShardLiveness.ALIVE;
  if (undeclared.length > 0) {
    const since = isKnown ? "still serves or holds" : `in its last report, ${silence(serving)} ago, had`;
    return `${since} ${inWords(undeclared)}`;
  }
  if (isKnown) return "";
  return `may serve clusters that are not declared to it: ${whyUnheard(serving)}`;
}

/** The outcome, with a fact that the tables don't have: a removed shard keeps serving. */
export function withServing(applied: Applied, serving: string): Applied {
  if (!applied.changed || serving === "") return applied;
  const { summary } = applied;
  return { ...applied, summary: summary === "" ? serving : `${summary}, and which ${serving}` };
}

interface Serving {
  readonly liveness: ShardLiveness;
  readonly undeclared: readonly string[];
  /** How long the leader has not heard it: since its last report, or since it became leader. */
  readonly silentForMs: number;
  readonly hasReported: boolean;
}

/** Null on a replica that does not lead, and for a shard that is not in the fleet. */
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
