// One row per rule of an operator's permissions.
import type { GrantedRule } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Table } from "../table.ts";

export const accessTable: Table<GrantedRule> = {
  rowName: ({ role }) => role,
  columns: [
    { name: "verbs", header: "VERBS", value: ({ rule }) => (rule?.verbs ?? []).join(",") },
    { name: "tables", header: "TABLES", value: ({ rule }) => (rule?.tables ?? []).join(",") },
    { name: "names", header: "NAMES", value: ({ rule }) => (rule?.names ?? []).join(",") },
    { name: "role", header: "ROLE", value: ({ role }) => role || null },
  ],
};
