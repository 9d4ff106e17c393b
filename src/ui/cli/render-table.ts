// Rows to text: kubectl-like columns without borders. cli-table3 aligns them; it is given no styles of its own, since
// it would write its escape codes into pipes.
import Table from "cli-table3";
import { printable } from "../../core/base/printable.ts";
import type { Look } from "../model/paint.ts";
import type { Cell, Column } from "../model/table.ts";
import { rfc3339 } from "./json.ts";

const NO_BORDERS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  headers: boolean,
  look: Look,
): string {
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const table = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    colAligns: columns.map((_, at) => (isNumeric(cells, at) ? "right" : "left")),
    ...(headers ? { head: columns.map((column) => look.paint.faint(column.header)) } : {}),
  });
  for (const row of cells) table.push(row.map((cell) => cellText(cell, look)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function isNumeric(rows: readonly (readonly Cell[])[], column: number): boolean {
  const cells = rows.map((row) => row[column] ?? null);
  return (
    cells.some((cell) => typeof cell === "number") &&
    cells.every((cell) => cell === null || typeof cell === "number")
  );
}

/** A cell as it is written, in its colour and without padding. */
export function cellText(cell: Cell, look: Look): string {
  if (cell === null) return look.symbols.none;
  if (typeof cell !== "object") return printable(String(cell));
  if ("atMs" in cell) return rfc3339(cell.atMs);
  return look.paint.mark(cell.mark, `${look.symbols.marks[cell.mark]} ${printable(cell.text)}`);
}
