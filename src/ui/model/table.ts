// A table: columns that turn one object of a server's reply into cells. Rows are selected and ordered here,
// but not painted: a cell has a mark, never a colour, so that a symbol always stands beside the colour.

import { compareText, naturalKey } from "./natural.ts";

/** The state of a cell's subject. Shown as a symbol and, where colour is allowed, a colour too. */
export type Mark = "good" | "warn" | "bad" | "unknown";

export interface MarkedCell {
  readonly text: string;
  readonly mark: Mark;
}

/** A moment in milliseconds since 1970; the code that paints the table formats it. */
interface MomentCell {
  readonly atMs: number;
}

/** The same as RFC 3339 writes it, where the report has it so. */
interface WrittenMomentCell {
  readonly at: string;
}

/** `null` is a value that is unknown or does not apply. */
export type Cell = string | number | null | MarkedCell | MomentCell | WrittenMomentCell;

export interface Column<Row> {
  /** The name for `--columns` and `--sort`. */
  readonly name: string;
  readonly header: string;
  readonly value: (row: Row) => Cell;
  /** Shown with `-o wide` or when asked for by name. */
  readonly wide?: boolean;
}

export interface Table<Row> {
  /** The row's own name, for `-o name`. */
  readonly rowName: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
}

/** A choice by names that an operator typed; an unknown column name is a usage error. */
export type Chosen<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly unknown: string; readonly known: readonly string[] };

/** The columns in `names`, in that order; without names the default ones, or all of them when `wide`. */
export function chooseColumns<Row>(
  table: Table<Row>,
  names: readonly string[] | undefined,
  wide: boolean,
): Chosen<readonly Column<Row>[]> {
  if (names === undefined) {
    return { ok: true, value: table.columns.filter((column) => wide || column.wide !== true) };
  }
  const chosen: Column<Row>[] = [];
  for (const name of names) {
    const column = findColumn(table, name);
    if (column === undefined) return unknownColumn(table, name);
    chosen.push(column);
  }
  return { ok: true, value: chosen };
}

/** Rows ordered by a column; a leading minus reverses. Rows without a value come last either way. */
export function sortRows<Row>(
  table: Table<Row>,
  rows: readonly Row[],
  key: string | undefined,
): Chosen<readonly Row[]> {
  if (key === undefined) return { ok: true, value: rows };
  const reversed = key.startsWith("-");
  const column = findColumn(table, reversed ? key.slice(1) : key);
  if (column === undefined) return unknownColumn(table, key);
  const ordered = rows.toSorted((a, b) => compareCells(column.value(a), column.value(b), reversed ? -1 : 1));
  return { ok: true, value: ordered };
}

function findColumn<Row>(table: Table<Row>, name: string): Column<Row> | undefined {
  return table.columns.find((column) => column.name === name.toLowerCase());
}

function unknownColumn<Row>(table: Table<Row>, name: string): Chosen<never> {
  return { ok: false, unknown: name, known: table.columns.map((column) => column.name) };
}

/** Text in its natural order: c2 before c10. */
export function compareCells(a: Cell, b: Cell, direction: 1 | -1): number {
  const left = sortKey(a);
  const right = sortKey(b);
  if (left === null || right === null) return (left === null ? 1 : 0) - (right === null ? 1 : 0);
  if (typeof left === "number" && typeof right === "number") return (left - right) * direction;
  return compareText(naturalKey(String(left)), naturalKey(String(right))) * direction;
}

/** What a cell says, without its moment. */
export function cellWords(cell: Cell): string {
  if (cell === null || typeof cell !== "object") return String(cell ?? "");
  return "text" in cell ? cell.text : "";
}

function sortKey(cell: Cell): string | number | null {
  if (cell === null || typeof cell !== "object") return cell;
  if ("at" in cell) return cell.at;
  return "atMs" in cell ? cell.atMs : cell.text;
}
