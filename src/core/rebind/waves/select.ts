// Which clusters a plan moves: those of a shard, those of the shards with some labels, those with some labels
// themselves, or those that are named.

import type { Labels, LabelTest } from "../../base/label-selector.ts";
import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../wire/gen/fleet/v1/coordinator.ts";

export interface Selection {
  readonly from: string | undefined;
  /** Of shards; their region and zone count as labels. */
  readonly shardsWith: LabelTest | undefined;
  /** Of clusters. */
  readonly clustersWith: LabelTest | undefined;
  readonly clusters: readonly string[];
  /** A single target: its own clusters stay. */
  readonly to: readonly string[];
}

export interface Selected {
  readonly moving: readonly Readonly<Binding>[];
  /** Left out, because a migration of theirs is under way. */
  readonly migrating: readonly string[];
}

export function select(
  { from, shardsWith, clustersWith, clusters, to }: Selection,
  shards: readonly ShardView[],
  bindings: readonly Readonly<Binding>[],
): Selected {
  const labelled = new Set(shards.filter((view) => shardsWith?.(labelsOf(view)) ?? false).map(idOf));
  const named = new Set(clusters);
  const selected = bindings.filter(
    ({ clusterId, shardId, labels }) =>
      (shardId === from ||
        labelled.has(shardId) ||
        named.has(clusterId) ||
        (clustersWith?.(labels?.entries) ?? false)) &&
      !(to.length === 1 && to[0] === shardId),
  );
  return {
    moving: selected.filter(({ migration }) => migration === undefined),
    migrating: selected.filter(({ migration }) => migration !== undefined).map(({ clusterId }) => clusterId),
  };
}

function labelsOf({ shard }: ShardView): Labels {
  const place = Object.entries({ region: shard?.region ?? "", zone: shard?.zone ?? "" });
  return { ...shard?.labels?.entries, ...Object.fromEntries(place.filter(([, name]) => name !== "")) };
}

const idOf = ({ shard }: ShardView) => shard?.shardId ?? "";
