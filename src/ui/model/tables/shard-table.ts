// One row per shard: its declared rows beside its report. A shard that this leader has not heard shows
// unknown, not zero.

import { formatDuration } from "../../../core/base/duration.ts";
import type { ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Cell, Mark, Table } from "../table.ts";
import { isRebuilding, livenessWord, REBUILDING, shardStateWord } from "../words.ts";
import { labelsCell } from "./labels-cell.ts";

export const shardTable: Table<ShardView> = {
  rowName: (view) => view.shard?.shardId ?? "",
  columns: [
    { name: "shard", header: "SHARD", value: (view) => view.shard?.shardId ?? null },
    { name: "state", header: "STATE", value: stateCell },
    { name: "liveness", header: "LIVENESS", value: livenessCell },
    { name: "region", header: "REGION", value: (view) => view.shard?.region || null },
    { name: "zone", header: "ZONE", value: (view) => view.shard?.zone || null },
    { name: "address", header: "ADDRESS", value: (view) => view.shard?.address ?? null },
    { name: "sessions", header: "SESSIONS", value: (view) => view.observed?.sessions ?? null },
    { name: "bound", header: "BOUND", value: (view) => view.observed?.boundClusters ?? null },
    { name: "declared", header: "DECLARED", value: (view) => view.declaredClusters },
    { name: "domains", header: "DOMAINS", value: (view) => view.declaredDomains },
    { name: "pending", header: "PENDING", value: (view) => view.pendingInstructions },
    { name: "report", header: "REPORT", value: reportCell },
    {
      name: "shortfalls",
      header: "SHORTFALLS",
      value: (view) => view.observed?.shortfalls ?? null,
      wide: true,
    },
    { name: "machines", header: "MACHINES", value: machinesCell, wide: true },
    { name: "epoch", header: "EPOCH", value: (view) => view.shard?.epoch ?? null, wide: true },
    { name: "version", header: "VERSION", value: (view) => view.shard?.version ?? null, wide: true },
    { name: "labels", header: "LABELS", value: ({ shard }) => labelsCell(shard?.labels), wide: true },
    { name: "registered", header: "REGISTERED", value: registeredCell, wide: true },
  ],
};

const STATE_MARKS: Readonly<Record<string, Mark>> = { active: "good", draining: "warn", removed: "unknown" };
const LIVENESS_MARKS: Readonly<Record<string, Mark>> = { alive: "good", suspect: "warn", dead: "bad" };

export function stateCell({ shard }: ShardView): Cell {
  if (shard === undefined) return null;
  const text = shardStateWord(shard.state);
  return { text, mark: STATE_MARKS[text] ?? "unknown" };
}

export function livenessCell({ liveness }: ShardView): Cell {
  const text = livenessWord(liveness);
  return { text, mark: LIVENESS_MARKS[text] ?? "unknown" };
}

function reportCell(view: ShardView): Cell {
  if (view.observed === undefined) {
    return { text: isRebuilding(view.liveness) ? REBUILDING : "none yet", mark: "unknown" };
  }
  const { ageMs, lateAfterMs, newerTerm, other } = view.observed;
  const age = `${formatDuration(ageMs)} ago`;
  if (newerTerm > 0 || other !== undefined) return { text: `${age}, disobeys`, mark: "bad" };
  return { text: age, mark: ageMs > lateAfterMs ? "warn" : "good" };
}

function machinesCell({ observed }: ShardView): Cell {
  const summary = observed?.summary;
  return summary === undefined ? null : `${summary.machinesFree} free of ${summary.machinesTotal}`;
}

function registeredCell(view: ShardView): Cell {
  return view.shard === undefined ? null : { atMs: view.shard.registeredAtMs };
}
