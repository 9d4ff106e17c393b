// Labels of clusters and shards, by which operators select them. They decide nothing: no owner, no room. So a
// row's version stays, and a plan that was made before still fits. Keys are stored in ascending order, since
// equal labels must have equal bytes on all replicas.

import { areLabels, isLabelKey, LABEL_BYTES_MAX, LABELS_MAX } from "../../base/labels.ts";
import {
  type LabelChange,
  type LabelCluster,
  type LabelShard,
  type Labels,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import { changed, metadataOf, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { removed, unknown } from "./apply-shard.ts";

type Change = { readonly labels: Labels | undefined } | { readonly refused: Result } | null;

export function labelCluster(state: FleetState, { clusterId, change }: LabelCluster): Result {
  const { bindings } = state.tables;
  const row = bindings.get(clusterId);
  if (row === undefined) return rejected("CLUSTER_UNKNOWN", { cluster: clusterId });
  const wanted = changeOf(row.labels, change);
  if (wanted === null) return unchanged(row.version);
  if ("refused" in wanted) return wanted.refused;
  const { labels: _, ...rest } = row;
  bindings.put(wanted.labels === undefined ? rest : { ...rest, labels: wanted.labels });
  return changed(row.version);
}

export function labelShard(state: FleetState, { shardId, change }: LabelShard): Result {
  const { shards } = state.tables;
  const row = shards.get(shardId);
  if (row === undefined) return unknown(shardId);
  if (row.state === ShardState.REMOVED) return removed(shardId);
  const wanted = changeOf(row.labels, change);
  if (wanted === null) return unchanged(row.version);
  if ("refused" in wanted) return wanted.refused;
  const { labels: _, ...rest } = row;
  shards.put(wanted.labels === undefined ? rest : { ...rest, labels: wanted.labels });
  return changed(row.version);
}

/** The labels afterwards, a refusal, or null if they are as wanted already. */
function changeOf(present: Labels | undefined, change: LabelChange | undefined): Change {
  const { set = {}, remove = [], overwrite = false } = change ?? {};
  // Before any look at them: a hostile command may have a million.
  if (remove.length > LABELS_MAX || !areLabels(set)) return invalid();
  const before = new Map(Object.entries(present?.entries ?? {}));
  const after = new Map(before);
  for (const key of remove) {
    if (!isLabelKey(key) || Object.hasOwn(set, key)) return invalid();
    after.delete(key);
  }
  for (const [key, value] of Object.entries(set)) {
    const known = before.get(key);
    if (known !== undefined && known !== value && !overwrite) {
      return { refused: rejected("LABEL_EXISTS", { key, value: known }) };
    }
    after.set(key, value);
  }
  const entries = metadataOf(Object.fromEntries(after));
  if (!areLabels(entries) || bytesOf(entries) > LABEL_BYTES_MAX) return invalid();
  const isSame = after.size === before.size && [...after].every(([key, value]) => before.get(key) === value);
  if (isSame) return null;
  return { labels: after.size === 0 ? undefined : { entries } };
}

/** Valid labels are ASCII. */
function bytesOf(labels: Readonly<Record<string, string>>): number {
  return Object.entries(labels).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}

function invalid(): Change {
  return { refused: rejected("INVALID_LABELS", { limit: LABELS_MAX, bytes: LABEL_BYTES_MAX }) };
}
