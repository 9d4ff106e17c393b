// One row per demand that a shard can't meet, the gravest first.

import { formatDuration } from "../../../core/base/duration.ts";
import type { ShardShortfall } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Table } from "../table.ts";

export const shortfallTable: Table<ShardShortfall> = {
  rowName: ({ shardId, shortfall }) => `${shardId}/${shortfall?.clusterId ?? ""}`,
  columns: [
    { name: "shard", header: "SHARD", value: (row) => row.shardId },
    { name: "cluster", header: "CLUSTER", value: ({ shortfall }) => shortfall?.clusterId ?? null },
    { name: "priority", header: "PRIORITY", value: ({ shortfall }) => shortfall?.priority ?? null },
    { name: "cycles", header: "CYCLES", value: ({ shortfall }) => shortfall?.ageCycles ?? null },
    { name: "deficit", header: "DEFICIT", value: ({ shortfall }) => pairs(shortfall?.deficit) },
    {
      name: "requirements",
      header: "REQUIREMENTS",
      value: ({ shortfall }) => pairs(shortfall?.requirements),
    },
    { name: "same", header: "SAME DOMAIN", value: ({ shortfall }) => (shortfall?.sameDomain ? "yes" : "no") },
    { name: "report", header: "REPORT", value: (row) => `${formatDuration(row.reportAgeMs)} ago` },
    {
      name: "penalty",
      header: "PENALTY",
      value: ({ shortfall }) => shortfall?.penaltyBucket || null,
      wide: true,
    },
  ],
};

/** "cpu=2 memory=8"; null without any. */
export function pairs(map: Readonly<Record<string, string | number>> | undefined): string | null {
  const found = Object.entries(map ?? {});
  return found.length === 0 ? null : found.map(([key, value]) => `${key}=${value}`).join(" ");
}
