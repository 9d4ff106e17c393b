// One row per shard: what is declared to it beside what it reports. A shard that this leader has not heard of
// shows unknown, not zero.
import type { ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { formatDuration } from "../duration.ts";
import type { Cell, Table } from "../table.ts";

// Shards report every few seconds; three missed reports are no longer chance.
const REPORT_LATE_MS = 15_000;

export const shardTable: Table<ShardView> = {
  rowName: (view) => view.shard?.shardId ?? "",
  columns: [
    { name: "shard", header: "SHARD", value: (view) => view.shard?.shardId ?? null },
    { name: "address", header: "ADDRESS", value: (view) => view.shard?.address ?? null },
    { name: "sessions", header: "SESSIONS", value: (view) => view.observed?.sessions ?? null },
    { name: "bound", header: "BOUND", value: (view) => view.observed?.boundClusters ?? null },
    { name: "declared", header: "DECLARED", value: (view) => view.declaredClusters },
    { name: "report", header: "REPORT", value: reportCell },
    { name: "epoch", header: "EPOCH", value: (view) => view.shard?.epoch ?? null, wide: true },
    { name: "version", header: "VERSION", value: (view) => view.shard?.version ?? null, wide: true },
    { name: "registered", header: "REGISTERED", value: registeredCell, wide: true },
  ],
};

function reportCell(view: ShardView): Cell {
  if (view.observed === undefined) return { text: "none yet", mark: "unknown" };
  const late = view.observed.ageMs > REPORT_LATE_MS;
  return { text: `${formatDuration(view.observed.ageMs)} ago`, mark: late ? "warn" : "good" };
}

function registeredCell(view: ShardView): Cell {
  return view.shard === undefined ? null : { atMs: view.shard.registeredAtMs };
}
