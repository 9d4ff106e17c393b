// One row per cluster: the declared binding, the shards that were seen serving it, and the difference (drift).

import { formatDuration } from "../../../core/base/duration.ts";
import type { ClusterObserved, ClusterView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Cell, Table } from "../table.ts";
import { driftCell, driftSeverity, driftWord } from "../words.ts";
import { labelsCell } from "./labels-cell.ts";

export const clusterTable: Table<ClusterView> = {
  rowName: (view) => view.clusterId,
  columns: [
    { name: "cluster", header: "CLUSTER", value: (view) => view.clusterId },
    { name: "declared", header: "DECLARED", value: (view) => view.declared?.shardId ?? null },
    { name: "observed", header: "OBSERVED", value: observedCell },
    { name: "drift", header: "DRIFT", value: (view) => driftCell(view.drift) },
    { name: "migration", header: "MIGRATION", value: migrationCell },
    { name: "version", header: "VERSION", value: (view) => view.declared?.version ?? null, wide: true },
    { name: "since", header: "SINCE", value: sinceCell, wide: true },
    { name: "index", header: "INDEX", value: (view) => view.declared?.sinceIndex ?? null, wide: true },
    { name: "labels", header: "LABELS", value: ({ declared }) => labelsCell(declared?.labels), wide: true },
    { name: "by", header: "BY", value: (view) => view.declared?.by ?? null, wide: true },
  ],
};

/** The most dangerous first, then by name. */
export function byDriftThenName(a: ClusterView, b: ClusterView): number {
  const severity = driftSeverity(b.drift) - driftSeverity(a.drift);
  if (severity !== 0) return severity;
  return a.clusterId < b.clusterId ? -1 : 1;
}

/** How many clusters are in each kind of drift, the worst kind first, as "2 elsewhere, 1 absent". */
export function driftSummary(clusters: readonly ClusterView[]): string {
  const counts = new Map<string, number>();
  for (const { drift } of clusters.toSorted(byDriftThenName)) {
    const word = driftWord(drift);
    if (word !== "none") counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
}

function observedCell(view: ClusterView): Cell {
  return view.observed.length === 0 ? null : view.observed.map(observedText).join(" ");
}

// A shard that holds the binding without a live session is shown as such: it refuses no agent, but serves
// none. A silent shard's last report is old.
function observedText(observed: ClusterObserved): string {
  if (observed.late) return `${observed.shardId}(silent for ${formatDuration(observed.ageMs)})`;
  if (!observed.session) return `${observed.shardId}(no session)`;
  const { shardId, doubleDial } = observed;
  return doubleDial === undefined ? shardId : `${shardId}(refuses a second agent at ${doubleDial.from})`;
}

function migrationCell(view: ClusterView): Cell {
  const migration = view.declared?.migration;
  return migration === undefined ? null : `${migration.migrationId} from ${migration.fromShard}`;
}

function sinceCell(view: ClusterView): Cell {
  return view.declared === undefined ? null : { atMs: view.declared.sinceMs };
}
