// The watched tables and their changes in the wire's form.

import { status } from "@grpc/grpc-js";
import type { LogIndex } from "../../../base/ids.ts";
import { renderAuditEntry } from "../../../fleet/audit/render-audit.ts";
import type { RowChange, WatchedTable } from "../../../fleet/state.ts";
import type { TableChange } from "../../../wire/gen/fleet/v1/coordinator.ts";
import { WatchTable } from "../../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import { sessionView } from "../views.ts";

const TABLES: Readonly<Record<WatchedTable, WatchTable>> = {
  shards: WatchTable.SHARDS,
  bindings: WatchTable.BINDINGS,
  domains: WatchTable.DOMAINS,
  members: WatchTable.MEMBERS,
  instructions: WatchTable.INSTRUCTIONS,
  providers: WatchTable.PROVIDERS,
  quotas: WatchTable.QUOTAS,
  gates: WatchTable.FEATURE_GATES,
  audit: WatchTable.AUDIT,
  sessions: WatchTable.CLIENT_SESSIONS,
};

export type WatchedTables = ReadonlySet<WatchedTable>;

/**
 * Without names = all except sessions. Almost every write changes a session, and clients that are older than watches of
 * sessions take an unknown table for a removal. Throws the RpcError for a table that this version does not know.
 */
export function tablesOf(wanted: readonly WatchTable[]): WatchedTables {
  const names = Object.keys(TABLES) as WatchedTable[];
  const known = new Set<WatchTable>(Object.values(TABLES));
  const unknown = wanted.find((table) => !known.has(table));
  if (unknown !== undefined) {
    throw rpcError(status.INVALID_ARGUMENT, "TABLE_UNKNOWN", `there is no table ${unknown} to watch`);
  }
  return new Set(
    names.filter((name) => (wanted.length === 0 ? name !== "sessions" : wanted.includes(TABLES[name]))),
  );
}

export function tableChange(index: LogIndex, change: RowChange): TableChange {
  const key = String(change.key).split("\0");
  return { table: TABLES[change.table], index, key, row: rowOf(change) };
}

function rowOf({ table, row }: RowChange): TableChange["row"] {
  if (row === null) return undefined;
  switch (table) {
    case "shards":
      return { $case: "shard", value: row };
    case "bindings":
      return { $case: "binding", value: row };
    case "domains":
      return { $case: "domain", value: row };
    case "members":
      return { $case: "member", value: row };
    case "instructions":
      return { $case: "instruction", value: row };
    case "providers":
      return { $case: "provider", value: row };
    case "quotas":
      return { $case: "quota", value: row };
    case "gates":
      return { $case: "gate", value: row };
    case "audit":
      return { $case: "audit", value: renderAuditEntry(row) };
    case "sessions":
      return { $case: "session", value: sessionView(row) };
  }
}
