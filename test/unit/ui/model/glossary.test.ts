// The glossary has each column of each table, and finds terms by whole and by part.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findingTable } from "../../../../src/ui/model/audit-lines.ts";
import { explain, glossary, subjects, terms } from "../../../../src/ui/model/glossary/glossary.ts";
import type { Table } from "../../../../src/ui/model/table.ts";
import { sightTable } from "../../../../src/ui/model/tables/sight-table.ts";
import { drillBoardTable } from "../../../../src/ui/model/top/drill-rows.ts";
import { manifest } from "../../../cli/manifest.ts";

const folder = fileURLToPath(new URL("../../../../src/ui/model/tables/", import.meta.url));
const modules = await Promise.all(
  readdirSync(folder).map(async (file): Promise<object> => await import(`${folder}${file}`)),
);
const named = new Map<string, readonly string[]>(
  [...modules.flatMap((module) => Object.entries(module)), ["findingTable", findingTable] as const]
    .filter((entry): entry is [string, Table<never>] => typeof entry[1] === "object" && "columns" in entry[1])
    .map(([name, { columns }]) => [subjectOf(name), columns.map((column) => column.name)]),
);
// The dashboard's rows of nodes have columns of their own; its drills are in no list.
const onTop = sightTable(0, null).columns.map(({ name }) => name);
named.set("node", [...new Set([...(named.get("node") ?? []), ...onTop])]);
named.set(
  "drill-board",
  drillBoardTable.columns.map(({ name }) => name),
);
// The glossary itself.
named.delete("term");

test.each([...named])("the glossary has each column of %s, and no other", (subject, columns) => {
  const found = glossary.find(({ name }) => name === subject);
  expect(Object.keys(found?.columns ?? {}).sort()).toEqual([...columns].sort());
});

test("each subject is a table, and each command that shows it exists", () => {
  expect(glossary.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  const shown = glossary.flatMap(({ shownBy }) => shownBy.map((words) => words.replaceAll(" ", ":")));
  expect(shown.filter((id) => !(id in manifest.commands))).toEqual([]);
});

test("names are unique, and every meaning is a sentence", () => {
  const names = terms.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(terms.filter(({ meaning }) => !/^["A-Z0-9*-].*[.…]$/.test(meaning))).toEqual([]);
});

test.each([
  { asked: "cluster", first: "cluster", why: "a table with its columns" },
  { asked: "clusters.drift", first: "cluster.drift", why: "the plural" },
  { asked: "Cluster.Drift.elsewhere", first: "cluster.drift.elsewhere", why: "capitals" },
  { asked: "drift", first: "cluster.drift", why: "a column alone" },
  { asked: "elsewhere", first: "cluster.drift.elsewhere", why: "a state alone" },
  { asked: "session.lastwrite", first: "session.lastWrite", why: "a column with capitals" },
])("$asked finds $first: $why", ({ asked, first }) => {
  expect(explain(asked)[0]?.name).toBe(first);
});

test("a column alone finds it in each table, and an unknown word finds nothing", () => {
  expect(explain("lag").map(({ name }) => name)).toEqual(["node.lag", "member.lag"]);
  expect(explain("rubbish")).toEqual([]);
  expect(explain("shard.drift")).toEqual(explain("cluster.drift"));
  expect(explain("rubbish.drift")).toEqual([]);
  expect(subjects).toHaveLength(glossary.length);
});

/** planStepTable → plan-step. */
function subjectOf(table: string): string {
  return table.replace(/Table$/, "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
