// One row per feature gate that this version has, set or not.
import type { FeatureGateView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Table } from "../table.ts";

export const gateTable: Table<FeatureGateView> = {
  rowName: (gate) => gate.name,
  columns: [
    { name: "name", header: "NAME", value: (gate) => gate.name },
    { name: "enabled", header: "ENABLED", value: (gate) => (gate.enabled ? "on" : "off") },
    {
      name: "set",
      header: "SET",
      value: ({ set }) => (set === undefined ? "by default" : { atMs: set.sinceMs }),
    },
    { name: "description", header: "DESCRIPTION", value: (gate) => gate.description },
    { name: "version", header: "VERSION", value: ({ set }) => set?.version ?? null, wide: true },
  ],
};
