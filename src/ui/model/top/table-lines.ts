// A view's rows as lines of an exact width: the column headers and the rows that fit. Columns of the wide form are shown where
// there is room for them.

import { formatDuration } from "../../../core/base/duration.ts";
import { fitLine, oneColumnEach } from "../fit.ts";
import { type Segment, type Style, segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import type { Cell } from "../table.ts";
import { visibleWindow } from "../window.ts";
import type { RowList } from "./rows.ts";

export type Line = readonly Segment[];

const GAP = "  ";
/** One long text must not push the other columns out of sight. */
const COLUMN_WIDTH_MAX = 60;

export interface TableLook {
  readonly width: number;
  readonly height: number;
  readonly cursor: number | null;
  readonly sortColumn: number | null;
  readonly reversed: boolean;
  readonly wallMs: number;
  /** Names of rows that are marked. */
  readonly marked: ReadonlySet<string>;
  readonly symbols: Symbols;
}

/** At most `height` lines, each exactly `width` columns. */
export function tableLines(list: RowList, look: TableLook): Line[] {
  const { width, height, cursor, marked, symbols } = look;
  const { from, to } = visibleWindow(list.count, height - 1, cursor ?? 0);
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, at) => ({
    cells: list.cellsAt(from + at),
    isStale: list.isStaleAt(from + at),
    isHere: from + at === cursor,
    isMarked: marked.size > 0 && marked.has(list.nameAt(from + at)),
  }));
  const headers = list.columns.map(({ header }, at) => sortedHeader(header, at, look));
  const texts = rows.map(({ cells }) => cells.map((cell) => cellText(cell, look)));
  const widths = headers.map((header, at) =>
    Math.min(COLUMN_WIDTH_MAX, Math.max(header.length, ...texts.map((row) => row[at]?.length ?? 0))),
  );
  const shown = columnsThatFit(list, widths, width);
  const lines: Line[] = [
    [segment(GAP), ...shown.map((at) => segment((headers[at] ?? "").padEnd(widths[at] ?? 0) + GAP, "faint"))],
    ...rows.map(({ cells, isStale, isHere, isMarked }, row) =>
      rowLine(
        shown.map((at) => ({
          cell: cells[at] ?? null,
          text: texts[row]?.[at] ?? "",
          width: widths[at] ?? 0,
        })),
        { isStale, isHere, isMarked },
        symbols,
      ),
    ),
  ];
  return lines.slice(0, Math.max(0, height)).map((line) => fitLine(line, width, symbols.ellipsis));
}

/** All plain ones, and those of the wide form from the left as long as everything fits. */
function columnsThatFit(list: RowList, widths: readonly number[], width: number): number[] {
  const room = (at: number) => (widths[at] ?? 0) + GAP.length;
  const plain = list.columns.flatMap(({ wide }, at) => (wide ? [] : [at]));
  let left = width - GAP.length - plain.reduce((sum, at) => sum + room(at), 0);
  const more = list.columns.flatMap(({ wide }, at) => {
    if (!wide || room(at) > left) return [];
    left -= room(at);
    return [at];
  });
  return [...plain, ...more].sort((a, b) => a - b);
}

function sortedHeader(header: string, at: number, { sortColumn, reversed, symbols }: TableLook): string {
  return at === sortColumn ? `${header}${reversed ? symbols.descending : symbols.ascending}` : header;
}

interface ShownCell {
  readonly cell: Cell;
  readonly text: string;
  readonly width: number;
}

function rowLine(
  cells: readonly ShownCell[],
  { isStale, isHere, isMarked }: Readonly<Record<"isStale" | "isHere" | "isMarked", boolean>>,
  symbols: Symbols,
): Segment[] {
  const sign = `${isHere ? symbols.cursor : " "}${isMarked ? "*" : " "}`;
  const marker = segment(sign, isHere || isMarked ? "strong" : "plain");
  const segments = cells.map(({ cell, text, width }) => {
    const cut = text.length > width ? `${text.slice(0, width - 1)}${symbols.ellipsis}` : text;
    const padded = typeof cell === "number" ? cut.padStart(width) : cut.padEnd(width);
    return segment(padded + GAP, cellStyle(cell, isStale, isHere));
  });
  return [marker, ...segments];
}

export function cellText(cell: Cell, { wallMs, symbols }: Pick<TableLook, "wallMs" | "symbols">): string {
  if (cell === null) return symbols.none;
  if (typeof cell !== "object") return oneColumnEach(String(cell));
  if ("atMs" in cell) return `${formatDuration(Math.max(0, wallMs - cell.atMs))} ago`;
  if ("at" in cell) return cell.at;
  return `${symbols.marks[cell.mark]} ${oneColumnEach(cell.text)}`;
}

export function cellStyle(cell: Cell, isStale: boolean, isHere: boolean): Style {
  if (cell !== null && typeof cell === "object" && "mark" in cell) return cell.mark;
  if (isStale) return "faint";
  return isHere ? "strong" : "plain";
}
