// The rows of the drills view: what must be healed, what can be run, what was run and with which verdict.

import { compareText } from "../natural.ts";
import type { Cell, Mark, Table } from "../table.ts";
import type { DetailLine } from "./details.ts";
import type { BoardDrill, BoardReport, DrillBoard, LeftDrill } from "./drill-board.ts";
import type { TopState } from "./state.ts";

type BoardRow =
  | ({ readonly kind: "left" } & LeftDrill)
  | ({ readonly kind: "drill" } & BoardDrill)
  | ({ readonly kind: "report" } & BoardReport);

export const drillBoardTable: Table<BoardRow> = {
  rowName: ({ name }) => name,
  columns: [
    { name: "drill", header: "DRILL", value: (row) => (row.kind === "drill" ? row.name : row.drill) },
    { name: "state", header: "STATE", value: stateCell },
    { name: "when", header: "WHEN", value: (row) => (row.kind === "drill" ? null : whenCell(row.startedMs)) },
    { name: "what", header: "WHAT", value: whatCell },
    {
      name: "expects",
      header: "EXPECTED",
      value: (row) => (row.kind === "drill" ? row.expects : null),
      wide: true,
    },
  ],
};

const whenCell = (startedMs: number | null): Cell => (startedMs === null ? null : { atMs: startedMs });

function stateCell(row: BoardRow): Cell {
  const [mark, text] = stateOf(row);
  return { mark, text };
}

function stateOf(row: BoardRow): readonly [Mark, string] {
  switch (row.kind) {
    case "left":
      return row.isRunning ? ["warn", "running"] : ["bad", "interrupted"];
    case "drill":
      return row.whyNot === null ? ["good", "possible"] : ["unknown", "not here"];
    case "report":
      if (row.verdict === null) return ["unknown", "unreadable"];
      return row.verdict === "pass" ? ["good", "passed"] : ["bad", "failed"];
  }
}

function whatCell(row: BoardRow): Cell {
  switch (row.kind) {
    case "left":
      return row.isRunning ? "left alone while it runs" : "heal it with: fleet drill heal";
    case "drill":
      return row.whyNot ?? row.summary;
    case "report":
      return row.name;
  }
}

const rowsOfBoard = new WeakMap<DrillBoard, readonly BoardRow[]>();
const NONE: readonly BoardRow[] = [];

/** What must be healed comes first, then what can be run, then what was. */
export function drillRows({ lists }: Pick<TopState, "lists">): readonly BoardRow[] {
  const board = lists.drills?.value;
  if (board === undefined) return NONE;
  const known = rowsOfBoard.get(board) ?? [
    ...board.left.map((row) => ({ kind: "left", ...row }) as const),
    ...board.drills.map((row) => ({ kind: "drill", ...row }) as const),
    ...board.reports.map((row) => ({ kind: "report", ...row }) as const),
  ];
  rowsOfBoard.set(board, known);
  return known;
}

/** The command line that does what the row is about. */
export function drillCommand(row: BoardRow | null): string {
  if (row === null || row.kind === "report") return "fleet drill list";
  if (row.kind === "left") return "fleet drill heal";
  return `fleet drill run ${row.name}`;
}

export function drillDetails({ lists }: TopState, row: BoardRow): readonly DetailLine[] {
  switch (row.kind) {
    case "left":
      return [
        { label: "" },
        { label: row.undo.length === 0 ? "nothing to take back" : "to be taken back" },
        ...row.undo.map((cell) => ({ label: "", cell })),
      ];
    case "drill": {
      const reports = (lists.drills?.value.reports ?? []).filter(({ drill }) => drill === row.name);
      return [
        { label: "what it does", cell: row.summary },
        { label: "hits", cell: row.victims },
        { label: "expected", cell: row.expects },
        ...(reports.length === 0 ? [] : [{ label: "" }, { label: "its reports here" }]),
        ...reports
          .toSorted((a, b) => compareText(b.name, a.name))
          .map(
            (report): DetailLine => ({
              label: report.verdict ?? "unreadable",
              cell: whenCell(report.startedMs),
            }),
          ),
      ];
    }
    case "report":
      return [
        { label: "" },
        { label: "what it measured" },
        ...row.lines.map((cell) => ({ label: "", cell })),
      ];
  }
}
