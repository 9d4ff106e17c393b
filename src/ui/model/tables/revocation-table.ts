// One row per revoked certificate or identity: since when, who asked for it and why.
import type { Revocation } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Table } from "../table.ts";

export const revocationTable: Table<Revocation> = {
  rowName: (row) => row.subject,
  columns: [
    { name: "revoked", header: "REVOKED", value: (row) => row.subject },
    { name: "holder", header: "HOLDER", value: (row) => row.holder || null },
    {
      name: "issued-before",
      header: "ISSUED BEFORE",
      value: ({ issuedBeforeMs }) => (issuedBeforeMs === 0 ? null : { atMs: issuedBeforeMs }),
    },
    { name: "since", header: "SINCE", value: (row) => ({ atMs: row.sinceMs }) },
    { name: "by", header: "BY", value: (row) => row.by },
    { name: "reason", header: "REASON", value: (row) => row.reason || null },
    {
      name: "ends",
      header: "ENDS",
      value: ({ endsAtMs }) => (endsAtMs === 0 ? null : { atMs: endsAtMs }),
      wide: true,
    },
    { name: "version", header: "VERSION", value: (row) => row.version, wide: true },
  ],
};
