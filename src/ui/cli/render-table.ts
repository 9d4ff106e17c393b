// Rows to text: kubectl-like columns without borders, each as wide as its widest cell. One pass over the cells for their
// widths and one for the lines: a list may have 100 000 rows.
import { printable } from "../../core/base/printable.ts";
import type { Look } from "../model/paint.ts";
import type { Cell, Column } from "../model/table.ts";
import { columnsOf } from "./columns-of.ts";

const GAP = "  ";

/** A cell as it is written, and the columns of a terminal that it takes. */
interface Written {
  readonly text: string;
  readonly columns: number;
}

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  headers: boolean,
  look: Look,
): string {
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const isRight = columns.map((_, at) => isNumeric(cells, at));
  const lines = cells.map((row) => row.map((cell) => written(cellText(cell, look))));
  if (headers) lines.unshift(columns.map(({ header }) => written(look.paint.faint(header))));
  const widths = columns.map((_, at) =>
    lines.reduce((most, line) => Math.max(most, line[at]?.columns ?? 0), 0),
  );
  const pad = ({ text, columns: own }: Written, at: number): string => {
    const missing = " ".repeat((widths[at] ?? 0) - own);
    return isRight[at] === true ? missing + text : text + missing;
  };
  return lines.map((line) => line.map(pad).join(GAP).trimEnd()).join("\n");
}

const written = (text: string): Written => ({ text, columns: columnsOf(text) });

function isNumeric(rows: readonly (readonly Cell[])[], column: number): boolean {
  let hasNumber = false;
  for (const row of rows) {
    const cell = row[column] ?? null;
    if (typeof cell === "number") hasNumber = true;
    else if (cell !== null) return false;
  }
  return hasNumber;
}

/** A cell as it is written, in its colour and without padding. */
export function cellText(cell: Cell, look: Look): string {
  if (cell === null) return look.symbols.none;
  if (typeof cell !== "object") return printable(String(cell));
  if ("atMs" in cell) return look.moment(cell.atMs);
  if ("at" in cell) return look.moment(cell.at);
  return look.paint.mark(cell.mark, `${look.symbols.marks[cell.mark]} ${printable(cell.text)}`);
}
