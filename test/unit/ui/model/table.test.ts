import { describe, expect, test } from "vitest";
import { chooseColumns, sortRows, type Table } from "../../../../src/ui/model/table.ts";

interface Item {
  readonly id: string;
  readonly size: number | null;
}

const table: Table<Item> = {
  rowName: (item) => item.id,
  columns: [
    { name: "id", header: "ID", value: (item) => item.id },
    { name: "size", header: "SIZE", value: (item) => item.size },
    { name: "note", header: "NOTE", value: () => ({ text: "x", mark: "good" }), wide: true },
  ],
};

describe("columns", () => {
  test.each([
    { names: undefined, wide: false, shown: ["id", "size"], why: "wide columns wait to be asked for" },
    { names: undefined, wide: true, shown: ["id", "size", "note"], why: "-o wide shows all" },
    { names: ["note", "id"], wide: false, shown: ["note", "id"], why: "the order is the operator's" },
    { names: ["SIZE"], wide: false, shown: ["size"], why: "a header is copied as it is printed" },
  ])("$shown: $why", ({ names, wide, shown }) => {
    const choice = chooseColumns(table, names, wide);
    expect(choice.ok && choice.value.map((column) => column.name)).toEqual(shown);
  });

  test("an unknown column is told with the known ones", () => {
    expect(chooseColumns(table, ["sise"], false)).toEqual({
      ok: false,
      unknown: "sise",
      known: ["id", "size", "note"],
    });
  });
});

describe("order", () => {
  const rows: Item[] = [
    { id: "b", size: 10 },
    { id: "c", size: null },
    { id: "a", size: 9 },
  ];
  test.each([
    { key: undefined, order: "bca", why: "the server's order stands" },
    { key: "id", order: "abc", why: "text by code point" },
    { key: "size", order: "abc", why: "9 is before 10: numbers are not text; unknown comes last" },
    { key: "-size", order: "bac", why: "reversed, and unknown is last all the same" },
  ])("$key gives $order: $why", ({ key, order }) => {
    const sorted = sortRows(table, rows, key);
    expect(sorted.ok && sorted.value.map((row) => row.id).join("")).toBe(order);
  });
});
