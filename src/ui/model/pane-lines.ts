// One pane of the dashboard as lines of an exact width: a title, the column headers, and the rows that fit.
import { fitLine, oneColumnEach } from "./fit.ts";
import { PANES, type Pane } from "./keys.ts";
import { type Segment, type Style, segment } from "./paint.ts";
import type { Symbols } from "./symbols.ts";
import type { Cell } from "./table.ts";
import { PANE_CHROME_ROWS } from "./top-layout.ts";
import { type PaneRow, paneHeaders, paneRows } from "./top-rows.ts";
import type { TopState } from "./top-state.ts";
import { visibleWindow } from "./window.ts";

export type PaneLine = readonly Segment[];

const GAP = "  ";

/** At most `height` lines, each exactly `width` columns. */
export function paneLines(
  state: TopState,
  pane: Pane,
  size: { readonly width: number; readonly height: number },
  symbols: Symbols,
): PaneLine[] {
  const rows = paneRows(state, pane);
  const { cursor } = state.panes[pane];
  const { from, to } = visibleWindow(rows.length, size.height - PANE_CHROME_ROWS, cursor);
  const visible = rows.slice(from, to);
  const headers = sortedHeaders(state, pane, symbols);
  const widths = columnWidths(headers, visible, symbols);
  const focused = state.pane === pane;
  const lines = [
    titleLine(state, pane, { count: rows.length, from, to, width: size.width }, symbols),
    [segment(GAP), ...headers.map((header, at) => segment(header.padEnd(widths[at] ?? 0) + GAP, "faint"))],
    ...visible.map((row, at) => rowLine(row, widths, focused && from + at === cursor, symbols)),
    ...(rows.length === 0 ? [[segment(GAP), segment(emptyText(state, pane), "faint")]] : []),
  ];
  return lines.slice(0, Math.max(0, size.height)).map((line) => fitLine(line, size.width, symbols.ellipsis));
}

function titleLine(
  state: TopState,
  pane: Pane,
  shown: { readonly count: number; readonly from: number; readonly to: number; readonly width: number },
  symbols: Symbols,
): Segment[] {
  const focused = state.pane === pane;
  const { count, from, to, width } = shown;
  const extent = to - from < count ? ` ${from + 1}-${to} of ${count} ` : ` ${count} `;
  const title = `${PANES.indexOf(pane) + 1} ${pane}`;
  const rule = symbols.horizontal.repeat(Math.max(0, width - GAP.length - title.length - extent.length));
  return [
    segment(focused ? `${symbols.cursor} ` : GAP),
    segment(title, focused ? "strong" : "plain"),
    segment(extent + rule, "faint"),
  ];
}

function sortedHeaders(state: TopState, pane: Pane, symbols: Symbols): readonly string[] {
  const { sortColumn, reversed } = state.panes[pane];
  const arrow = reversed ? symbols.descending : symbols.ascending;
  return paneHeaders(pane).map((header, at) => (at === sortColumn ? `${header}${arrow}` : header));
}

function columnWidths(
  headers: readonly string[],
  rows: readonly PaneRow[],
  symbols: Symbols,
): readonly number[] {
  return headers.map((header, at) =>
    Math.max(header.length, ...rows.map(({ cells }) => cellText(cells[at] ?? null, symbols).length)),
  );
}

function rowLine(row: PaneRow, widths: readonly number[], underCursor: boolean, symbols: Symbols): Segment[] {
  const marker = segment(underCursor ? `${symbols.cursor} ` : GAP, underCursor ? "strong" : "plain");
  const cells = row.cells.map((cell, at) => {
    const text = cellText(cell, symbols);
    const padded = typeof cell === "number" ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
    return segment(padded + GAP, cellStyle(cell, row.stale));
  });
  return [marker, ...cells];
}

function cellText(cell: Cell, symbols: Symbols): string {
  if (cell === null) return symbols.none;
  if (typeof cell !== "object") return oneColumnEach(String(cell));
  return "atMs" in cell ? "" : `${symbols.marks[cell.mark]} ${oneColumnEach(cell.text)}`;
}

function cellStyle(cell: Cell, stale: boolean): Style {
  if (cell !== null && typeof cell === "object" && "mark" in cell) return cell.mark;
  return stale ? "faint" : "plain";
}

function emptyText(state: TopState, pane: Pane): string {
  if (state.pane === pane && state.filter !== "") return `nothing matches "${state.filter}"`;
  if (pane === "bindings" && state.driftOnly && state.clusters !== null) return "no drift";
  const heard = pane === "nodes" ? null : pane === "shards" ? state.shards : state.clusters;
  return heard === null ? (state.problem ?? "asking") : "none";
}
