// Turns an operator's request ("these clusters, to that shard") into a plan, checked against the fleet's
// present state.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import {
  createPlan,
  type Executor,
  inversePlan,
  isUndo,
  type Move,
  type RebindPlan,
} from "../../core/rebind/plan.ts";
import type { Binding } from "../../core/wire/gen/fleet/v1/command.ts";
import { type Fleet, FleetReader, type FleetReads, type OnWait } from "./look.ts";

// Longer than the time for which a leader counts as new by default.
const HEARING: Hearing = { timeoutMs: 60_000, onWait: () => undefined };
// For a cluster's and a shard's name within a plan's name: both may be as long as the limit of the whole.
const NAME_SHOWN = 60;

export interface PlanRequest {
  readonly clusters: readonly string[];
  readonly to: string;
  readonly executor: Executor;
  /** Called for a cluster that is left out and that has no session at any shard. */
  readonly onUnserved?: (cluster: string) => void;
}

/** How long a leader may take to hear the shards, and the callback for those it has yet to hear. */
export interface Hearing {
  readonly timeoutMs: number;
  readonly onWait: OnWait;
}

/**
 * Leaves out clusters that `to` owns and no other shard has: the plan may have no moves. Throws USAGE for a
 * cluster that is named twice, CLUSTER_UNKNOWN or SHARD_UNKNOWN.
 */
export async function makePlan(
  client: FleetReads,
  request: PlanRequest,
  hearing = HEARING,
): Promise<RebindPlan> {
  const { to, executor } = request;
  refuseRepeated(request.clusters);
  const fleet = await lookOnce(client, hearing);
  if (!fleet.addresses.has(to)) throw shardUnknown(to);
  const rows = request.clusters.map((cluster) => ownedRow(fleet, cluster));
  const moving = rows.flatMap((row) => {
    const source = sourceOf(row, to, fleet);
    if (source !== null) return [{ row, move: { cluster: row.clusterId, to, ...source } }];
    if (!isServed(row, fleet)) request.onUnserved?.(row.clusterId);
    return [];
  });
  const name = planName(
    to,
    moving.map(({ row }) => row),
  );
  const plan = createPlan(
    name,
    executor,
    moving.map(({ move }) => move),
  );
  return { ...plan, moves: plan.moves.map((move, at) => resumed(move, moving[at]?.row)) };
}

/**
 * The plan that undoes the running migration of `cluster`; one that is an undo already is finished. Throws
 * CLUSTER_UNKNOWN or NO_MIGRATION.
 */
export async function rollbackPlan(
  client: FleetReads,
  cluster: string,
  executor: Executor,
  hearing = HEARING,
): Promise<RebindPlan> {
  const fleet = await lookOnce(client, hearing);
  const row = ownedRow(fleet, cluster);
  if (row.migration === undefined) {
    throw new OperatorError("NO_MIGRATION", {
      what: `no migration of cluster ${cluster} is under way: ${row.shardId} owns it`,
      next: `to move it elsewhere: fleet rebind ${cluster} --to <shard>`,
      exit: Exit.Precondition,
    });
  }
  const { migrationId, fromShard } = row.migration;
  const move: Move = { cluster, from: fromShard, to: row.shardId, migrationId };
  const plan: RebindPlan = { version: 1, name: migrationId, executor, moves: [move] };
  return isUndo(migrationId) ? plan : inversePlan(plan);
}

function lookOnce(client: FleetReads, { timeoutMs, onWait }: Hearing): Promise<Fleet> {
  return new FleetReader(client, onWait).look(performance.now() + timeoutMs);
}

// A list that names a cluster twice was put together wrongly, and may lack another one.
function refuseRepeated(clusters: readonly string[]): void {
  const seen = new Set<string>();
  const repeated = clusters.find((cluster) => seen.size === seen.add(cluster).size);
  if (repeated === undefined) return;
  throw new OperatorError("USAGE", {
    what: `cluster ${repeated} is named twice`,
    next: "name every cluster once",
    exit: Exit.Usage,
  });
}

function ownedRow(fleet: Fleet, cluster: string): Binding {
  return fleet.clusters.get(cluster)?.binding ?? clusterUnknown(cluster);
}

// An interrupted rebind is planned again as the running migration, so that it continues.
function resumed(move: Move, row: Binding | undefined): Move {
  const { migration } = row ?? {};
  return migration !== undefined && row?.shardId === move.to
    ? { ...move, migrationId: migration.migrationId }
    : move;
}

/** The shard that the cluster is moved from; null when there is nothing to move. */
function sourceOf(row: Binding, to: string, fleet: Fleet): Pick<Move, "from" | "agentOnly"> | null {
  if (row.shardId !== to) return { from: row.shardId };
  if (row.migration !== undefined) return { from: row.migration.fromShard };
  // The declaration is as wanted. But the agent may dial another shard, or may have left for one that does
  // not serve it.
  const { observed } = fleet.clusters.get(row.clusterId) ?? { observed: [] };
  const others = observed.filter(({ shardId }) => shardId !== to);
  const holder = others.find(({ session }) => session) ?? (isServed(row, fleet) ? undefined : others[0]);
  return holder === undefined ? null : { from: holder.shardId, agentOnly: true };
}

function isServed(row: Binding, fleet: Fleet): boolean {
  return fleet.clusters.get(row.clusterId)?.observed.some(({ session }) => session) ?? false;
}

// The versions make the name new for every move, and the same for the same request in the same state.
function planName(to: string, rows: readonly Binding[]): string {
  const [first] = rows;
  const versions = rows.reduce((sum, row) => sum + row.version, 0);
  const what = rows.length === 1 && first !== undefined ? first.clusterId : `${rows.length}-clusters`;
  return `${what.slice(0, NAME_SHOWN)}-to-${to.slice(0, NAME_SHOWN)}-v${versions}`;
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
