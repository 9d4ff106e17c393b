// The rows that a filter accepts: all its words must occur in a row, and `column=value` or `column!=value`
// must be true. In a table with labels, `label=value` is such a pair too.

import { type Cell, cellWords, type Table } from "../table.ts";

type Test<Row> = (row: Row) => boolean;

const PAIR = /^([^=!]+)(!?=)(.*)$/;

/** Null = all rows match. */
export function filterTest<Row>(filter: string, table: Table<Row>): Test<Row> | null {
  const tests = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => testOf(word, table));
  if (tests.length === 0) return null;
  return (row) => tests.every((test) => test(row));
}

function testOf<Row>(word: string, table: Table<Row>): Test<Row> {
  const { columns } = table;
  const [, name = "", operator, value = ""] = PAIR.exec(word) ?? [];
  const column = columns.find(
    (candidate) => candidate.name === name || candidate.header.toLowerCase() === name,
  );
  const isWanted = operator === "=";
  const labels = columns.find((candidate) => candidate.name === "labels");
  if (operator !== undefined && column === undefined && labels !== undefined) {
    return (row) =>
      cellWords(labels.value(row)).toLowerCase().split(",").includes(`${name}=${value}`) === isWanted;
  }
  // A domain has the form key=value too: if there is no such column, it is text.
  if (operator === undefined || column === undefined) return (row) => shows(row, word, table);
  return (row) => matches(column.value(row), value) === isWanted;
}

// The texts of a row are not kept: to make them again costs less than to keep twenty thousand of them.
function shows<Row>(row: Row, word: string, { rowName, columns }: Table<Row>): boolean {
  return (
    rowName(row).toLowerCase().includes(word) ||
    columns.some(({ value }) => cellWords(value(row)).toLowerCase().includes(word))
  );
}

/** Text must match as a whole; a cell of several words matches by any of them. */
function matches(cell: Cell, value: string): boolean {
  const text = cellWords(cell).toLowerCase();
  return text === value || (value !== "" && text.split(/[\s(]+/).includes(value));
}
