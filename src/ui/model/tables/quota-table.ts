// One row per provider and region: the limit, its slices, and the part that no shard has.
import type { Quota } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const quotaTable: Table<Quota> = {
  rowName: (quota) => `${quota.provider}/${quota.region}`,
  columns: [
    { name: "provider", header: "PROVIDER", value: (quota) => quota.provider },
    { name: "region", header: "REGION", value: (quota) => quota.region },
    { name: "limit", header: "LIMIT", value: (quota) => quota.limit },
    { name: "sliced", header: "SLICED", value: sliced },
    { name: "unsliced", header: "UNSLICED", value: (quota) => quota.limit - sliced(quota) },
    { name: "slices", header: "SLICES", value: slicesText },
    { name: "version", header: "VERSION", value: (quota) => quota.version, wide: true },
  ],
};

function sliced({ slices }: Quota): number {
  return slices.reduce((sum, slice) => sum + slice.amount, 0);
}

function slicesText({ slices }: Quota): string | null {
  return slices.length === 0 ? null : slices.map(({ shardId, amount }) => `${shardId}=${amount}`).join(" ");
}
