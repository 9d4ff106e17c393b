// One row per change of the fleet's state: when, at which index, who, what and why.
import type { AuditEntry } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const auditTable: Table<AuditEntry> = {
  rowName: (entry) => String(entry.index),
  columns: [
    { name: "index", header: "INDEX", value: (entry) => entry.index },
    { name: "time", header: "TIME", value: (entry) => ({ atMs: entry.atMs }) },
    { name: "actor", header: "ACTOR", value: (entry) => entry.actor },
    { name: "what", header: "WHAT", value: (entry) => entry.what },
    { name: "reason", header: "REASON", value: (entry) => (entry.reason === "" ? null : entry.reason) },
  ],
};
