// The dashboard's three lists as cells: filtered, ordered, ready for the layout. Bindings with drift come
// first unless another order was chosen.
import type { ClusterView, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Pane } from "./keys.ts";
import { type Cell, type Column, sortRows, type Table } from "./table.ts";
import { byDriftThenName, clusterTable } from "./tables/cluster-table.ts";
import { shardTable } from "./tables/shard-table.ts";
import { sightTable } from "./tables/sight-table.ts";
import type { PaneState, TopState } from "./top-state.ts";
import { hasDrift } from "./words.ts";

export interface PaneRow {
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Drawn faint: the row shows old data. */
  readonly stale: boolean;
}

// A pane has half a terminal: these columns show load and reports.
const PANE_SHARD_COLUMNS: readonly string[] = ["shard", "address", "sessions", "bound", "declared", "report"];
const paneShardTable: Table<ShardView> = {
  ...shardTable,
  columns: shardTable.columns.filter(({ name }) => PANE_SHARD_COLUMNS.includes(name)),
};

export function paneRows(state: TopState, pane: Pane): readonly PaneRow[] {
  switch (pane) {
    case "nodes":
      return rowsOf(state, "nodes", sightTable(state.nowMs), state.nodes, (sight) => !sight.reply.reachable);
    case "shards":
      return rowsOf(state, "shards", paneShardTable, agedShards(state), () => false);
    case "bindings":
      return rowsOf(state, "bindings", clusterTable, bindings(state), () => false);
  }
}

export function paneHeaders(pane: Pane): readonly string[] {
  switch (pane) {
    case "nodes":
      return shown(sightTable(0)).map((column) => column.header);
    case "shards":
      return shown(paneShardTable).map((column) => column.header);
    case "bindings":
      return shown(clusterTable).map((column) => column.header);
  }
}

export const columnCount = (pane: Pane): number => paneHeaders(pane).length;

function rowsOf<Row>(
  state: TopState,
  pane: Pane,
  table: Table<Row>,
  rows: readonly Row[],
  isStale: (row: Row) => boolean,
): readonly PaneRow[] {
  const columns = shown(table);
  // The filter applies to the focused list; the others stay complete.
  const matching =
    state.pane === pane ? rows.filter((row) => matches(table, columns, row, state.filter)) : rows;
  return ordered(table, columns, matching, state.panes[pane]).map((row) => ({
    name: table.rowName(row),
    cells: columns.map((column) => column.value(row)),
    stale: isStale(row),
  }));
}

function ordered<Row>(
  table: Table<Row>,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { sortColumn, reversed }: PaneState,
): readonly Row[] {
  const column = sortColumn === null ? undefined : columns[sortColumn];
  if (column === undefined) return reversed ? rows.toReversed() : rows;
  const sorted = sortRows(table, rows, `${reversed ? "-" : ""}${column.name}`);
  return sorted.ok ? sorted.value : rows;
}

function matches<Row>(table: Table<Row>, columns: readonly Column<Row>[], row: Row, filter: string): boolean {
  if (filter === "") return true;
  const wanted = filter.toLowerCase();
  return [table.rowName(row), ...columns.map((column) => searchable(column.value(row)))].some((text) =>
    text.toLowerCase().includes(wanted),
  );
}

function searchable(cell: Cell): string {
  if (cell === null || typeof cell !== "object") return String(cell ?? "");
  return "atMs" in cell ? "" : cell.text;
}

function bindings(state: TopState): readonly ClusterView[] {
  const all = state.clusters?.value.clusters ?? [];
  const wanted = state.driftOnly ? all.filter((view) => hasDrift(view.drift)) : all;
  return wanted.toSorted(byDriftThenName);
}

// A report's age rises while no newer answer comes.
function agedShards(state: TopState): readonly ShardView[] {
  if (state.shards === null) return [];
  const sinceMs = Math.max(0, state.nowMs - state.shards.atMs);
  return state.shards.value.shards.map((view) => {
    const { observed } = view;
    return observed === undefined
      ? view
      : { ...view, observed: { ...observed, ageMs: observed.ageMs + sinceMs } };
  });
}

const shown = <Row>(table: Table<Row>): readonly Column<Row>[] =>
  table.columns.filter((column) => column.wide !== true);
