// Everything that a fleet knows of one cluster: its binding, who serves it, its shard, its demand, its history.
import { Exit, OperatorError } from "../core/base/errors.ts";
import { shownName } from "../core/base/ids.ts";
import type { AuditEntry } from "../core/wire/gen/fleet/v1/command.ts";
import type {
  ClusterView,
  ReadStamp,
  ShardShortfall,
  ShardView,
} from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "./fleet-client.ts";
import type { ReadOptions } from "./leader-reads.ts";

/** Audit entries that are searched, the newest. More are slow to read; `fleet audit list` has them. */
const SEARCHED_MAX = 10_000;

export interface ClusterFacts {
  /** From the list with the cluster's own row. */
  readonly stamp: ReadStamp | undefined;
  readonly cluster: ClusterView;
  /** The declared owner's row; null without a declaration. */
  readonly shard: ShardView | null;
  /** Its demand that its shard cannot meet. */
  readonly shortfalls: readonly ShardShortfall[];
  /** What was changed about it, the newest last. */
  readonly history: readonly AuditEntry[];
  /** The oldest entry that was searched; 0 = all that the fleet keeps. */
  readonly historyAfterIndex: number;
}

type Lists = Pick<FleetClient, "listClusters" | "listShards" | "listShortfalls" | "listAudit">;

/** `isAbout`: whether an audit entry concerns the cluster. Throws CLUSTER_UNKNOWN. */
export async function clusterFacts(
  client: Lists,
  clusterId: string,
  isAbout: (entry: AuditEntry) => boolean,
  how: Pick<ReadOptions, "consistency"> = {},
): Promise<ClusterFacts> {
  const prefix = { filter: { prefix: clusterId }, ...how };
  const [{ stamp, clusters }, { shortfalls }, { entries, more }] = await Promise.all([
    // The first of all names with this beginning, if it is known.
    client.listClusters({ ...prefix, rowsMax: 1 }),
    client.listShortfalls(prefix),
    client.listAudit({ newest: true, rowsMax: SEARCHED_MAX, ...how }),
  ]);
  const cluster = clusters.find((view) => view.clusterId === clusterId);
  if (cluster === undefined) throw unknown(clusterId);
  const owner = cluster.declared?.shardId;
  const shards =
    owner === undefined
      ? []
      : (await client.listShards({ filter: { prefix: owner }, rowsMax: 1, ...how })).shards;
  return {
    ...{ stamp, cluster, shard: shards.find(({ shard }) => shard?.shardId === owner) ?? null },
    shortfalls: shortfalls.filter(({ shortfall }) => shortfall?.clusterId === clusterId),
    history: entries.filter(isAbout),
    historyAfterIndex: more ? (entries[0]?.index ?? 0) : 0,
  };
}

/** CLUSTER_UNKNOWN, if none is declared under this name and no shard reports one. */
export async function unknownCluster(
  client: Pick<Lists, "listClusters">,
  clusterId: string,
): Promise<OperatorError | null> {
  const { clusters } = await client.listClusters({ filter: { prefix: clusterId }, rowsMax: 1 });
  return clusters.some((view) => view.clusterId === clusterId) ? null : unknown(clusterId);
}

function unknown(clusterId: string): OperatorError {
  return new OperatorError("CLUSTER_UNKNOWN", {
    what: `there is no cluster ${shownName(clusterId)}`,
    why: "none is declared under this name, and no shard reports one",
    next: "see the clusters: fleet cluster list; what was changed about it: fleet audit list",
    exit: Exit.NotFound,
  });
}
