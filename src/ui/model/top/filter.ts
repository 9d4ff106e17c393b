// The rows that a filter accepts: all its words must occur in a row, and `column=value` or `column!=value`
// must be true. In a table with labels, `label=value` is such a pair too.

import { type Cell, type Column, cellWords } from "../table.ts";

type Test<Row> = (row: Row, text: () => string) => boolean;

const PAIR = /^([^=!]+)(!?=)(.*)$/;

/** Null = all rows match. `text`: everything that a row shows, in lower case. */
export function filterTest<Row>(filter: string, columns: readonly Column<Row>[]): Test<Row> | null {
  const tests = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => testOf(word, columns));
  if (tests.length === 0) return null;
  return (row, text) => tests.every((test) => test(row, text));
}

function testOf<Row>(word: string, columns: readonly Column<Row>[]): Test<Row> {
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
  if (operator === undefined || column === undefined) return (_, text) => text().includes(word);
  return (row) => matches(column.value(row), value) === isWanted;
}

/** Text must match as a whole; a cell of several words matches by any of them. */
function matches(cell: Cell, value: string): boolean {
  const text = cellWords(cell).toLowerCase();
  return text === value || (value !== "" && text.split(/[\s(]+/).includes(value));
}
