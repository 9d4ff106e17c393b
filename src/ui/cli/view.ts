// What a command hands to print: its report, and how that looks as rows or as lines. One function turns the pair into
// text in whichever format was asked for. What must stay true: rows, lines and names are made of a printable copy of
// the report. JSON and YAML are made of the report itself and escape what is not printable.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import { closest } from "../model/closest.ts";
import type { Line } from "../model/line.ts";
import type { Look } from "../model/paint.ts";
import { printableReport } from "../model/printable-report.ts";
import { type MaybeStamped, stampLine } from "../model/stamp-line.ts";
import { type Chosen, chooseColumns, sortRows, type Table } from "../model/table.ts";
import { stringify, toContract } from "./json.ts";
import type { OutputOptions } from "./output-flags.ts";
import { renderTable } from "./render-table.ts";

/** A report that is a list: rows, and lines to say below them. */
export interface TableView<Report, Row> {
  /** Names the report in JSON: "ShardList". */
  readonly kind: string;
  /** Names one row of it in jsonl: "Shard". */
  readonly rowKind: string;
  readonly table: Table<Row>;
  readonly rows: (report: Report) => readonly Row[];
  readonly lines?: (report: Report) => readonly Line[];
  /** Said, on stderr, instead of a table without rows. */
  readonly empty: string;
}

/** A report that is no list: lines of text. `name` is what `-o name` prints. */
export interface TextView<Report> {
  readonly kind: string;
  readonly text: (report: Report, look: Look) => readonly string[];
  readonly name?: (report: Report) => string;
}

/** A report that is a file: its text is made of the report as it is, by the file's own rules of escaping. */
interface FileView<Report> {
  readonly kind: string;
  readonly file: (report: Report) => string;
}

export type View<Report, Row extends object> = TableView<Report, Row> | TextView<Report> | FileView<Report>;

/** What goes to stdout and what beside it to stderr, so that a pipe gets data only. */
export interface Rendered {
  readonly data: string;
  readonly notes: string;
}

/** Throws `OperatorError` (usage) for a column that the table has not. */
export async function renderView<Report extends object, Row extends object>(
  report: Report,
  view: View<Report, Row>,
  options: OutputOptions,
  look: Look,
): Promise<Rendered> {
  const { format } = options;
  if (format === "json" || format === "yaml") return only(await structured(view.kind, report, format));
  const rendered =
    "table" in view
      ? renderTableView(report, view, options, look)
      : renderTextView(report, view, options, look);
  return withStamp(rendered, report, options, look);
}

// JSON and YAML have the stamp itself; rows alone leave no room for it.
function withStamp(
  rendered: Rendered,
  report: MaybeStamped,
  { format }: OutputOptions,
  look: Look,
): Rendered {
  const line = stampLine(report);
  if (line === null) return rendered;
  const { data, notes } = rendered;
  if (format === "table" || format === "wide") {
    return { data: joined([data, lineText(line, look)], "\n\n"), notes };
  }
  return { data, notes: joined([notes, lineText(line, look)], "\n") };
}

const joined = (parts: readonly string[], by: string): string => parts.filter((part) => part !== "").join(by);

function renderTableView<Report extends object, Row extends object>(
  report: Report,
  view: TableView<Report, Row>,
  options: OutputOptions,
  look: Look,
): Rendered {
  const { format } = options;
  const shown = format === "jsonl" ? report : printableReport(report);
  const rows = chosen(sortRows(view.table, view.rows(shown), options.sort), "sort");
  if (format === "jsonl")
    return only(rows.map((row) => stringify(toContract(view.rowKind, row), false)).join("\n"));
  if (format === "name") return only(rows.map((row) => printable(view.table.rowName(row))).join("\n"));
  const columns = chosen(chooseColumns(view.table, options.columns, format === "wide"), "columns");
  const lines = (view.lines?.(shown) ?? []).map((line) => lineText(line, look));
  const table = rows.length === 0 ? [] : [renderTable(columns, rows, options.headers, look)];
  const parts = lines.length === 0 ? table : [...table, lines.join("\n")];
  return { data: parts.join("\n\n"), notes: rows.length === 0 ? view.empty : "" };
}

function renderTextView<Report extends object>(
  report: Report,
  view: TextView<Report> | FileView<Report>,
  options: OutputOptions,
  look: Look,
): Rendered {
  const { format } = options;
  if (format === "jsonl") return only(stringify(toContract(view.kind, report), false));
  if ("file" in view) return only(view.file(report).trimEnd());
  const shown = printableReport(report);
  if (format === "name" && view.name !== undefined) return only(printable(view.name(shown)));
  return only(view.text(shown, look).join("\n"));
}

function lineText(line: Line, look: Look): string {
  return look.paint.mark(line.mark, `${look.symbols.marks[line.mark]} ${printable(line.text)}`);
}

const only = (data: string): Rendered => ({ data, notes: "" });

async function structured(kind: string, report: object, format: "json" | "yaml"): Promise<string> {
  const contract = toContract(kind, report);
  if (format === "json") return stringify(contract, true);
  const { safeYaml } = await import("../../client/safe-yaml.ts");
  return safeYaml(contract).trimEnd();
}

function chosen<Value>(choice: Chosen<Value>, flag: string): Value {
  if (choice.ok) return choice.value;
  const near = closest(choice.unknown, choice.known);
  throw new OperatorError("USAGE", {
    what: `--${flag}: there is no column ${choice.unknown}`,
    next: `${near === null ? "" : `did you mean ${near}? `}columns are: ${choice.known.join(", ")}`,
    exit: Exit.Usage,
  });
}
