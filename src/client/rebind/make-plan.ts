// From what an operator asks for ("these clusters, to that shard") to a plan, checked against the fleet as it is.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { createPlan, type Executor, type Move, type RebindPlan } from "../../core/rebind/plan.ts";
import type { Binding } from "../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../fleet-client.ts";

export interface PlanRequest {
  readonly clusters: readonly string[];
  readonly to: string;
  readonly executor: Executor;
}

/** Throws CLUSTER_UNKNOWN, SHARD_UNKNOWN or NOTHING_TO_MOVE. Clusters that `to` owns already are left out. */
export async function makePlan(client: FleetClient, request: PlanRequest): Promise<RebindPlan> {
  const [{ shards }, bindings] = await Promise.all([client.listShards(), declaredBindings(client)]);
  if (!shards.some(({ shard }) => shard?.shardId === request.to)) throw shardUnknown(request.to);
  const rows = request.clusters.map((cluster) => bindings.get(cluster) ?? clusterUnknown(cluster));
  const moves = rows.filter((row) => row.shardId !== request.to || row.migration !== undefined);
  if (moves.length === 0) throw nothingToMove(request.to);
  const name = planName(request.to, moves);
  const plan = createPlan(
    name,
    request.executor,
    moves.map((row) => ({ cluster: row.clusterId, from: sourceOf(row, request.to), to: request.to })),
  );
  return { ...plan, moves: plan.moves.map((move, at) => resumed(move, moves[at])) };
}

/** The plan that undoes the migration that `cluster` is in. Throws CLUSTER_UNKNOWN or NO_MIGRATION. */
export async function undoPlan(
  client: FleetClient,
  cluster: string,
  executor: Executor,
): Promise<RebindPlan> {
  const row = (await declaredBindings(client)).get(cluster) ?? clusterUnknown(cluster);
  if (row.migration === undefined) {
    throw new OperatorError("NO_MIGRATION", {
      what: `no migration of cluster ${cluster} is under way: ${row.shardId} owns it`,
      next: `to move it elsewhere: fleet rebind --cluster ${cluster} --to <shard>`,
      exit: Exit.Precondition,
    });
  }
  const { migrationId, fromShard } = row.migration;
  const move: Move = { cluster, from: fromShard, to: row.shardId, migrationId };
  return { version: 1, name: migrationId, executor, moves: [move] };
}

async function declaredBindings(client: FleetClient): Promise<Map<string, Binding>> {
  const { clusters } = await client.listClusters();
  return new Map(
    clusters.flatMap(({ clusterId, declared }) => (declared ? [[clusterId, declared] as const] : [])),
  );
}

// A rebind that was interrupted is planned again as the migration that is under way, so that it goes on.
function resumed(move: Move, row: Binding | undefined): Move {
  const { migration } = row ?? {};
  return migration !== undefined && row?.shardId === move.to
    ? { ...move, migrationId: migration.migrationId }
    : move;
}

function sourceOf(row: Binding, to: string): string {
  return row.migration !== undefined && row.shardId === to ? row.migration.fromShard : row.shardId;
}

// The versions make the name new for every move, and the same for the same request of the same state.
function planName(to: string, rows: readonly Binding[]): string {
  const [first] = rows;
  const versions = rows.reduce((sum, row) => sum + row.version, 0);
  return rows.length === 1 && first !== undefined
    ? `${first.clusterId}-to-${to}-v${first.version}`
    : `${rows.length}-clusters-to-${to}-v${versions}`;
}

function clusterUnknown(cluster: string): never {
  throw new OperatorError("CLUSTER_UNKNOWN", {
    what: `cluster ${cluster} is not bound to any shard`,
    next: "see the known clusters: fleet cluster list",
    exit: Exit.NotFound,
  });
}

function shardUnknown(shard: string): OperatorError {
  return new OperatorError("SHARD_UNKNOWN", {
    what: `shard ${shard} is not registered`,
    next: "see the known shards: fleet shard list",
    exit: Exit.NotFound,
  });
}

function nothingToMove(to: string): OperatorError {
  return new OperatorError("NOTHING_TO_MOVE", {
    what: `shard ${to} owns everything that was named already`,
    next: "see who owns what: fleet cluster list",
    exit: Exit.Precondition,
  });
}
