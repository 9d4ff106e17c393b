// How a list is shown: its rows as a table, the lines below it, and what is said instead of no rows.

import { limitLines } from "../model/limit.ts";
import type { Line } from "../model/line.ts";
import type { Table } from "../model/table.ts";
import type { TableView } from "./view.ts";

/** A report with its rows in the field `Key`; `more`: --limit has cut it short. */
type ListReport<Key extends string, Row> = { readonly more?: boolean } & {
  readonly [K in Key]: readonly Row[];
};

/**
 * `shown` is the report's field of rows with its table: `{ shards: shardTable }`. `empty` is said instead of no rows.
 * Without `lines`, a list that is cut short says so.
 */
export function listView<Key extends string, Row, Report extends ListReport<Key, Row> = ListReport<Key, Row>>(
  rowKind: string,
  shown: Readonly<Record<Key, Table<Row>>>,
  empty: string,
  lines: (report: Report) => readonly Line[] = ({ more = false }) => limitLines({ more }),
): TableView<Report, Row> {
  const [[key, table]] = Object.entries(shown) as [[Key, Table<Row>]];
  return { kind: `${rowKind}List`, rowKind, table, rows: (report) => report[key], lines, empty };
}
