// test/scenarios.md says which test guards which rule and which historical bug. This keeps the map true.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

interface Row {
  readonly section: string;
  readonly guarded: string;
  readonly file: string;
  readonly name: string;
}

const rows = rowsOf(readFileSync(join(root, "test/scenarios.md"), "utf8"));
const bugs = rows.filter(({ section }) => section === "Historical bugs");

/** Of the project's list of bugs that bit others, each has a number. */
const BUGS = 19;

test("every test in the map exists in the file that it names, word for word", () => {
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((row) => !exists(row))).toEqual([]);
});

test("every historical bug has a test, which says the bug's name", () => {
  const numbers = new Set(bugs.map(({ guarded }) => Number(guarded.split(":")[0])));
  expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: BUGS }, (_, at) => at + 1));
  const silent = bugs.filter(({ guarded, name }) => !namesOf(guarded).every((issue) => name.includes(issue)));
  expect(silent).toEqual([]);
});

function rowsOf(page: string): Row[] {
  return page.split(/^## /m).flatMap((part) => {
    const [section = "", ...lines] = part.split("\n");
    return lines.flatMap((line) => {
      const [, guarded = "", file = "", name = ""] = /^\| (.+?) \| `(.+?)` \| (.+) \|$/.exec(line) ?? [];
      return file === "" ? [] : [{ section, guarded, file: join("test", file), name }];
    });
  });
}

function exists({ file, name }: Row): boolean {
  const path = join(root, file);
  return existsSync(path) && readFileSync(path, "utf8").includes(`"${name}"`);
}

/** "7: etcd#6378, etcd#5230" → both. */
function namesOf(guarded: string): string[] {
  return guarded.replace(/^\d+: /, "").split(", ");
}
