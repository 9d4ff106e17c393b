// One row per topology domain: its assigned shard, and whether that shard has accepted it.
import type { Domain } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const domainTable: Table<Domain> = {
  rowName: (domain) => `${domain.key}=${domain.value}`,
  columns: [
    { name: "key", header: "KEY", value: (domain) => domain.key },
    { name: "value", header: "VALUE", value: (domain) => domain.value },
    { name: "shard", header: "SHARD", value: (domain) => domain.shardId },
    {
      name: "confirmed",
      header: "CONFIRMED",
      value: ({ confirmedAtMs }) =>
        confirmedAtMs === 0 ? { text: "not yet", mark: "warn" } : { text: "yes", mark: "good" },
    },
    { name: "version", header: "VERSION", value: (domain) => domain.version },
    {
      name: "since",
      header: "SINCE",
      value: ({ confirmedAtMs }) => (confirmedAtMs === 0 ? null : { atMs: confirmedAtMs }),
      wide: true,
    },
  ],
};
