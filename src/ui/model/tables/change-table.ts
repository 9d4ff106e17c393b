// One row per change in a watch.
import type { TableChange } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Cell, Table } from "../table.ts";
import { tableWord } from "../words.ts";
import { instructionRow } from "./instruction-table.ts";

/** A change as documents show it. */
export interface ChangeRow {
  readonly index: number;
  readonly table: number;
  /** "removed" has no row. */
  readonly change: "put" | "removed";
  readonly key: readonly string[];
  readonly row: object | null;
}

export function changeRow({ table, index, key, row }: TableChange): ChangeRow {
  if (row === undefined) return { index, table, key, change: "removed", row: null };
  const value = row.$case === "instruction" ? instructionRow(row.value) : row.value;
  return { index, table, key, change: "put", row: value };
}

export const changeTable: Table<ChangeRow> = {
  rowName: keyText,
  columns: [
    { name: "index", header: "INDEX", value: (change) => change.index },
    { name: "table", header: "TABLE", value: (change) => tableWord(change.table) },
    { name: "key", header: "KEY", value: keyText },
    { name: "change", header: "CHANGE", value: summary },
  ],
};

// In the lists' form: provider/region, key=value, and a shard's instruction about key=value.
function keyText({ table, key }: ChangeRow): string {
  const word = tableWord(table);
  if (word === "instructions") return `${key[0] ?? ""} ${key.slice(1).join("=")}`;
  return key.join(word === "quotas" ? "/" : "=");
}

// What an operator needs to know about a changed row: its present owner and state; for a session, how far its
// client has come.
function summary({ row }: ChangeRow): Cell {
  if (row === null) return { text: "removed", mark: "warn" };
  const fields: Readonly<Record<string, unknown>> = { ...row };
  const { shardId, what, enabled, action, limit, address, lastSequence } = fields;
  if (lastSequence !== undefined) return lastSequence === 0 ? "opened" : `write ${lastSequence}`;
  const facts = [what, action, shardId, limit, enabled, address].filter(
    (fact) => fact !== undefined && fact !== "",
  );
  return facts.map(String).join(" ");
}
