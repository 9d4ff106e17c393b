// A view's rows as they are shown: filtered, ordered, found by their names. What must stay true: cells are computed for
// rows that are drawn. A list of twenty thousand is filtered and ordered once, not once a frame.

import { inNaturalOrder } from "../natural.ts";
import { type Cell, rowsSorted, type Table } from "../table.ts";
import type { DetailLine } from "./details.ts";
import { filterTest } from "./filter.ts";
import type { TopState, ViewState } from "./state.ts";

/** What a view is made of. */
export interface ViewSpec<Row extends object> {
  readonly table: (state: TopState) => Table<Row>;
  /** The same array as long as nothing new was heard: what was worked out of it is kept with it. */
  readonly rows: (state: TopState) => readonly Row[];
  /** Whether rows with this rank come first; without it, the natural order of names. */
  readonly rank?: (row: Row) => number;
  /** As the server has them. */
  readonly keepsOrder?: boolean;
  readonly isStale?: (row: Row) => boolean;
  /** The command line that shows this row, or without one the list. */
  readonly command: (row: Row | null) => string;
  readonly details?: (state: TopState, row: Row) => readonly DetailLine[];
}

/** A view's rows, whatever they are made of. */
export interface RowList {
  /** Number of rows that match the filter. */
  readonly count: number;
  readonly total: number;
  readonly columns: readonly { readonly header: string; readonly wide: boolean }[];
  nameAt(at: number): string;
  /** -1 = no such row is shown. */
  find(name: string): number;
  cellsAt(at: number): readonly Cell[];
  isStaleAt(at: number): boolean;
  /** Of the row with this name, whether the filter shows it or not; without one, of the list. */
  command(name: string | null): string;
  /** Likewise. Null: there is no such row. */
  detailsOf(state: TopState, name: string): readonly DetailLine[] | null;
}

export function rowList<Row extends object>(spec: ViewSpec<Row>, state: TopState, view: ViewState): RowList {
  const table = spec.table(state);
  const rows = spec.rows(state);
  const shown = selected(spec, table, rows, view);
  const at = (index: number): Row => {
    const row = shown[index];
    if (row === undefined) throw new RangeError(`there is no row ${index} of ${shown.length}`);
    return row;
  };
  // A row that is open may change so that the filter no longer shows it.
  const named = (name: string): Row | undefined => rows.find((row) => table.rowName(row) === name);
  return {
    count: shown.length,
    total: rows.length,
    columns: table.columns.map(({ header, wide = false }) => ({ header, wide })),
    nameAt: (index) => table.rowName(at(index)),
    find: (name) => shown.findIndex((row) => table.rowName(row) === name),
    cellsAt: (index) => table.columns.map((column) => column.value(at(index))),
    isStaleAt: (index) => spec.isStale?.(at(index)) ?? false,
    command: (name) => spec.command(name === null ? null : (named(name) ?? null)),
    detailsOf: (now, name) => {
      const row = named(name);
      if (row === undefined) return null;
      const cells = table.columns.map(
        (column): DetailLine => ({ label: column.header.toLowerCase(), cell: column.value(row) }),
      );
      return [...cells, ...(spec.details?.(now, row) ?? [])];
    },
  };
}

interface Selection {
  readonly key: string;
  readonly rows: readonly object[];
}

/** What was worked out of a view's rows: keys and ticks between two answers ask for the same. */
interface Worked {
  readonly selections: WeakMap<readonly object[], Selection>;
  readonly orders: WeakMap<readonly object[], readonly object[]>;
  /** Names hardly change from one answer to the next: then their order is known. */
  arranged: Arranged;
}

interface Arranged {
  /** As the server sent the rows. */
  readonly names: readonly string[];
  /** Positions in `names`, in the natural order of names. */
  readonly places: readonly number[];
}

const worked = new WeakMap<object, Worked>();

/** Views of the same rows show different things of them. */
function workedOf(spec: object): Worked {
  const known = worked.get(spec) ?? {
    ...{ selections: new WeakMap(), orders: new WeakMap() },
    arranged: { names: [], places: [] },
  };
  worked.set(spec, known);
  return known;
}

function selected<Row extends object>(
  spec: ViewSpec<Row>,
  table: Table<Row>,
  rows: readonly Row[],
  { filter, sortColumn, reversed }: ViewState,
): readonly Row[] {
  const key = `${filter}\n${sortColumn} ${reversed}`;
  const { selections } = workedOf(spec);
  const known = selections.get(rows);
  if (known?.key === key) return known.rows as readonly Row[];
  const ordered = ownOrder(spec, table, rows);
  const test = filterTest(filter, table);
  const passing = test === null ? ordered : ordered.filter(test);
  const column = sortColumn === null ? undefined : table.columns[sortColumn];
  const found = column === undefined ? turned(passing, reversed) : rowsSorted(passing, column, reversed);
  selections.set(rows, { key, rows: found });
  return found;
}

function ownOrder<Row extends object>(
  spec: ViewSpec<Row>,
  { rowName }: Table<Row>,
  rows: readonly Row[],
): readonly Row[] {
  const { rank, keepsOrder = false } = spec;
  if (keepsOrder) return rows;
  const { orders } = workedOf(spec);
  const known = orders.get(rows);
  if (known !== undefined) return known as readonly Row[];
  const natural: Row[] = [];
  for (const place of arrange(workedOf(spec), rows.map(rowName))) {
    const row = rows[place];
    if (row !== undefined) natural.push(row);
  }
  // Sorting is stable: within a rank names stay in their order.
  const ordered = rank === undefined ? natural : natural.sort((a, b) => rank(b) - rank(a));
  orders.set(rows, ordered);
  return ordered;
}

function arrange(known: Worked, names: readonly string[]): readonly number[] {
  const { arranged } = known;
  const isSame =
    arranged.names.length === names.length && names.every((name, at) => name === arranged.names[at]);
  if (isSame) return arranged.places;
  const places = inNaturalOrder([...names.keys()], (place) => names[place] ?? "");
  known.arranged = { names, places };
  return places;
}

const turned = <Row>(rows: readonly Row[], reversed: boolean): readonly Row[] =>
  reversed ? rows.toReversed() : rows;
