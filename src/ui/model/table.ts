// A table: columns that turn one object of a server's reply into cells. Rows are selected and ordered here, but not
// painted. A cell has a mark, never a colour, so that a symbol always stands beside the colour.

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
  return { ok: true, value: rowsSorted(rows, column, reversed) };
}

/** Rows without a value come last either way. */
export function rowsSorted<Row>(
  rows: readonly Row[],
  { value }: Column<Row>,
  reversed: boolean,
): readonly Row[] {
  const direction = reversed ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: sortKey(value(row)) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key, direction)).map(({ row }) => row);
}

function findColumn<Row>(table: Table<Row>, name: string): Column<Row> | undefined {
  return table.columns.find((column) => column.name === name.toLowerCase());
}

function unknownColumn<Row>(table: Table<Row>, name: string): Chosen<never> {
  return { ok: false, unknown: name, known: table.columns.map((column) => column.name) };
}

/** What a cell says, without its moment. */
export function cellWords(cell: Cell): string {
  if (cell === null || typeof cell !== "object") return String(cell ?? "");
  return "text" in cell ? cell.text : "";
}

/** What orders a cell: a text in its natural order (c2 before c10), a number, or nothing. */
type SortKey = number | string | null;

/** To be made once a row: a comparison happens many times. */
function sortKey(cell: Cell): SortKey {
  if (cell === null || typeof cell === "number") return cell;
  if (typeof cell === "string") return naturalKey(cell);
  if ("at" in cell) return naturalKey(cell.at);
  return "atMs" in cell ? cell.atMs : naturalKey(cell.text);
}

/** Cells without a value come last either way. */
function compareKeys(a: SortKey, b: SortKey, direction: 1 | -1): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  if (typeof a === "number" && typeof b === "number") return (a - b) * direction;
  return compareText(asText(a), asText(b)) * direction;
}

const asText = (key: number | string): string => (typeof key === "number" ? naturalKey(String(key)) : key);
