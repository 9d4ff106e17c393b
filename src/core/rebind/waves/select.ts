// Which clusters a plan moves: those of a shard, those of the shards with a label, or those that are named.

import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../wire/gen/fleet/v1/coordinator.ts";

export interface Selection {
  readonly from: string | undefined;
  readonly label: { readonly key: string; readonly value: string } | undefined;
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
  { from, label, clusters, to }: Selection,
  shards: readonly ShardView[],
  bindings: readonly Readonly<Binding>[],
): Selected {
  const labelled = new Set(
    shards.filter((view) => label !== undefined && labelOf(view, label.key) === label.value).map(idOf),
  );
  const named = new Set(clusters);
  const selected = bindings.filter(
    ({ clusterId, shardId }) =>
      (shardId === from || labelled.has(shardId) || named.has(clusterId)) &&
      !(to.length === 1 && to[0] === shardId),
  );
  return {
    moving: selected.filter(({ migration }) => migration === undefined),
    migrating: selected.filter(({ migration }) => migration !== undefined).map(({ clusterId }) => clusterId),
  };
}

/** The labels that a shard has. */
export const LABELS = ["region", "zone"] as const;

function labelOf({ shard }: ShardView, key: string): string | undefined {
  if (key === "region") return shard?.region;
  return key === "zone" ? shard?.zone : undefined;
}

const idOf = ({ shard }: ShardView) => shard?.shardId ?? "";
