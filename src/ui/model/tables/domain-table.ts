// One row per topology domain and the shard that it is assigned to.
import type { Domain } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const domainTable: Table<Domain> = {
  rowName: (domain) => `${domain.key}=${domain.value}`,
  columns: [
    { name: "key", header: "KEY", value: (domain) => domain.key },
    { name: "value", header: "VALUE", value: (domain) => domain.value },
    { name: "shard", header: "SHARD", value: (domain) => domain.shardId },
    { name: "version", header: "VERSION", value: (domain) => domain.version },
  ],
};
