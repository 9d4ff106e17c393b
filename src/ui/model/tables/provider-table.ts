// One row per provider of machines.
import type { Provider } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const providerTable: Table<Provider> = {
  rowName: (provider) => provider.name,
  columns: [
    { name: "name", header: "NAME", value: (provider) => provider.name },
    { name: "region", header: "REGION", value: (provider) => provider.region || null },
    { name: "address", header: "ADDRESS", value: (provider) => provider.address },
    { name: "quota", header: "DECLARED QUOTA", value: (provider) => provider.declaredQuota },
    { name: "version", header: "VERSION", value: (provider) => provider.version, wide: true },
  ],
};
