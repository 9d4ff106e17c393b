// Each table with a column of moments can show them in UTC: the flag is in the flags that all tables share.

import { expect, test } from "vitest";
import { manifest } from "./manifest.ts";

const tables = Object.entries(manifest.commands).filter(([, { flags }]) => "columns" in flags);

test("every command that prints a table, and each that prints moments in lines, has --utc", () => {
  expect(tables.length).toBeGreaterThan(20);
  const inLines = ["events", "logs", "cluster:show"].map((id) => [id, manifest.commands[id]] as const);
  const without = [...tables, ...inLines].filter(([, command]) => !("utc" in (command?.flags ?? {})));
  expect(without.map(([id]) => id)).toEqual([]);
});
