// Which clusters a plan moves: those that are named, and those that match all of: a shard, labels of their shard, labels
// of their own.

import { type LabelTest, shardLabels } from "../../base/label-selector.ts";
import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../wire/gen/fleet/v1/coordinator.ts";

export interface Selection {
  readonly from: string | undefined;
  /** Of shards, as `shardLabels` shows them. This, `from` and `clustersWith` narrow each other. */
  readonly shardsWith: LabelTest | undefined;
  /** Of clusters. */
  readonly clustersWith: LabelTest | undefined;
  /** Selected besides, whatever their shard and labels. */
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
  const labelled = shardsWith === undefined ? undefined : shardsThat(shardsWith, shards);
  const named = new Set(clusters);
  const hasQuery = [from, shardsWith, clustersWith].some((part) => part !== undefined);
  const matches = ({ shardId, labels }: Readonly<Binding>) =>
    (from === undefined || shardId === from) &&
    (labelled?.has(shardId) ?? true) &&
    (clustersWith?.(labels?.entries) ?? true);
  const selected = bindings.filter(
    (binding) =>
      (named.has(binding.clusterId) || (hasQuery && matches(binding))) &&
      !(to.length === 1 && to[0] === binding.shardId),
  );
  return {
    moving: selected.filter(({ migration }) => migration === undefined),
    migrating: selected.filter(({ migration }) => migration !== undefined).map(({ clusterId }) => clusterId),
  };
}

function shardsThat(test: LabelTest, shards: readonly ShardView[]): ReadonlySet<string> {
  const rows = shards.flatMap(({ shard }) => shard ?? []);
  const labelled = rows.filter(({ labels, region, zone }) =>
    test(shardLabels(labels?.entries, region, zone)),
  );
  return new Set(labelled.map(({ shardId }) => shardId));
}
