// The code map (src/core/README.md) names each room, so that a newcomer finds it there before opening a folder.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-files.ts";

const map = readFileSync(join(root, "src/core/README.md"), "utf8");
/** The first column of each table. */
const named = new Set(
  [...map.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, room = ""]) => room),
  ),
);
/** It has no table but a paragraph of its own. */
const ELSEWHERE = ["src/client/embed"];
/** Generated, and frozen. */
const UNNAMED = ["src/core/wire/gen", "src/core/fleet/format-1"];

const LARGE = ["src/core", "src/core/coordinator", "src/core/wire", "src/core/fleet", "src/client", "src/ui"];

test.each(LARGE)("the code map names each room of %s", (place) => {
  const folders = readdirSync(join(root, place), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const rooms = folders
    .map(({ name }) => name)
    .filter((name) => ![...ELSEWHERE, ...UNNAMED].includes(`${place}/${name}`));
  expect(rooms.filter((room) => !named.has(room))).toEqual([]);
});

test.each(ELSEWHERE)("the code map has a paragraph about %s", (place) => {
  expect(map).toContain(`### \`${place}\``);
});

test("the table of changes has about a dozen rows", () => {
  const table = map.split("## Where does the next change go?")[1]?.split("\n## ")[0] ?? "";
  expect(table.match(/^\| /gm)?.length).toBeLessThanOrEqual(15);
});
