// What a filter lets through: words that all must stand somewhere in a row, and `column=value` or `column!=value`.

import { type Cell, type Column, cellWords } from "../table.ts";

type Test<Row> = (row: Row, text: () => string) => boolean;

const PAIR = /^([^=!]+)(!?=)(.*)$/;

/** Null = everything passes. `text`: all that a row shows, in lower case. */
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
  // A domain is called key=value too: what names no column is text.
  if (operator === undefined || column === undefined) return (_, text) => text().includes(word);
  const isWanted = operator === "=";
  return (row) => matches(column.value(row), value) === isWanted;
}

/** Text is wanted whole, a cell of several words by any of them. */
function matches(cell: Cell, value: string): boolean {
  const text = cellWords(cell).toLowerCase();
  return text === value || (value !== "" && text.split(/[\s(]+/).includes(value));
}
