// A shard follows the members that a leader names, and knows them after a restart.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Log } from "../../../../src/core/base/log.ts";
import {
  COORDINATORS_MAX,
  KnownCoordinators,
  readLearnedCoordinators,
} from "../../../../src/core/wire/leader/known-coordinators.ts";
import { makeFolder, removeFolder } from "../../../make-folder.ts";

let folder: string;
let warnings: string[];
beforeEach(async () => {
  folder = await makeFolder();
  warnings = [];
});
afterEach(() => removeFolder(folder));

const log: Log = { info: () => {}, warn: (fact) => warnings.push(fact), error: () => {} };
const open = (...given: readonly string[]) => KnownCoordinators.open({ directory: folder, given, log });

const file = (schemaVersion: number, given: unknown, coordinators: unknown) =>
  JSON.stringify({ schemaVersion, given, coordinators });

test("the named members replace the given ones, and a restart knows both", async () => {
  const known = await open("a:1", "b:1");
  expect(known.addresses).toEqual(["a:1", "b:1"]);
  expect(known.take(["b:1", "c:1"])).toBe(true);
  expect(known.addresses).toEqual(["b:1", "c:1"]);
  await known.close();
  expect((await open("a:1", "b:1")).addresses).toEqual(["b:1", "c:1", "a:1"]);
  expect(await readLearnedCoordinators(folder, ["b:1", "a:1"])).toEqual(["b:1", "c:1"]);
});

test.each([
  { members: ["b:1", "a:1"], why: "they are the given ones, in another order" },
  { members: [], why: "an older build names none" },
  { members: ["", "nonsense", "a:0"], why: "none can be dialed" },
])("$members change nothing to dial: $why", async ({ members }) => {
  const known = await open("a:1", "b:1");
  expect(known.take(members)).toBe(false);
  expect(known.addresses).toEqual(["a:1", "b:1"]);
  await known.close();
});

test("an operator's new list counts alone, as it may be another fleet's", async () => {
  const known = await open("a:1");
  known.take(["b:1"]);
  await known.close();
  const moved = await open("z:1");
  expect(moved.addresses).toEqual(["z:1"]);
  moved.take(["z:1"]);
  await moved.close();
  expect((await open("a:1")).addresses).toEqual(["a:1"]);
});

test("more members than a fleet has are cut off", async () => {
  const known = await open("a:1");
  known.take(Array.from({ length: COORDINATORS_MAX + 9 }, (_, at) => `n${at}:1`));
  expect(known.addresses).toHaveLength(COORDINATORS_MAX);
  await known.close();
});

test.each(["{", "null", file(2, ["a:1"], ["b:1"]), file(1, ["a:1"], [7]), file(1, "a:1", ["b:1"])])(
  "a file that says %s is learned again",
  async (text) => {
    await writeFile(join(folder, "coordinators.json"), text);
    const known = await open("a:1");
    expect(known.addresses).toEqual(["a:1"]);
    expect(known.take(["b:1"])).toBe(true);
    await known.close();
    expect(await readFile(join(folder, "coordinators.json"), "utf8")).toContain("b:1");
  },
);

test("a list that cannot be stored is followed, and stored with the next answer", async () => {
  const known = await open("a:1");
  await removeFolder(folder);
  expect(known.take(["b:1"])).toBe(true);
  await known.close();
  expect(warnings).toHaveLength(1);
  expect(known.addresses).toEqual(["b:1"]);
  await rm(folder, { force: true, recursive: true });
});

test("a shard without coordinators gets none", async () => {
  await writeFile(join(folder, "coordinators.json"), file(1, [], ["b:1"]));
  expect((await open()).addresses).toEqual([]);
});
