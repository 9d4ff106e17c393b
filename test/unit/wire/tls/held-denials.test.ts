// The deny-list that a process keeps: never an older one of the same incarnation, on its disk soon, and in force after a restart.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { DenyList } from "../../../../src/core/wire/tls/deny-list.ts";
import { HeldDenials } from "../../../../src/core/wire/tls/held-denials.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const A1 = { subject: "A1", issuedBeforeMs: 0 };
const SHARD = { subject: "fleet://shard/s1", issuedBeforeMs: 5_000 };
const shownA1 = { serial: "A1", uri: "fleet://admin", notBeforeMs: 9_000 };

async function open() {
  const denyList = new DenyList();
  return { denyList, held: await HeldDenials.open(folder, denyList, silentLog) };
}

test("what was taken is in force at once, and again after a restart", async () => {
  const before = await open();
  before.held.take({ incarnation: "i1", version: 7, denials: [A1, SHARD] });
  expect(before.denyList.denies(shownA1)).toBe(true);
  await before.held.close();
  const after = await open();
  expect(after.denyList.denies(shownA1)).toBe(true);
  expect(after.denyList.size).toBe(2);
  expect(after.held.held).toMatchObject({ incarnation: "i1", version: 7 });
});

test.each([
  { incarnation: "i1", version: 6, denies: true, why: "an older list of the incarnation changes nothing" },
  { incarnation: "i1", version: 7, denies: true, why: "nor does one of the same version" },
  { incarnation: "i1", version: 8, denies: false, why: "a newer one counts" },
  {
    incarnation: "i2",
    version: 1,
    denies: false,
    why: "so does one of another incarnation, whatever its version",
  },
])("$why", async ({ incarnation, version, denies }) => {
  const { held, denyList } = await open();
  held.take({ incarnation: "i1", version: 7, denials: [A1] });
  held.take({ incarnation, version, denials: [] });
  expect(denyList.denies(shownA1)).toBe(denies);
  await held.close();
  const after = await open();
  expect(after.denyList.denies(shownA1)).toBe(denies);
});

test("of many changes in one turn the last one is on the disk", async () => {
  const { held } = await open();
  for (let version = 1; version <= 20; version++)
    held.take({ incarnation: "i1", version, denials: [{ subject: `A${version}`, issuedBeforeMs: 0 }] });
  await held.close();
  expect(JSON.parse(await readFile(join(folder, "revocations.json"), "utf8"))).toMatchObject({
    version: 20,
    denials: [{ subject: "A20" }],
  });
});

test("while nothing was ever revoked there is no file", async () => {
  const { held } = await open();
  held.take({ incarnation: "i1", version: 0, denials: [] });
  await held.close();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  "{",
  "[]",
  "null",
  '{"schemaVersion":2}',
  '{"schemaVersion":1,"incarnation":"i","version":-1,"denials":[]}',
])("a file that holds %s is refused", async (text) => {
  await writeFile(join(folder, "revocations.json"), text);
  await expect(open()).rejects.toMatchObject({ code: "DENY_LIST_UNREADABLE" });
});

test("a list that can't be stored is in force all the same, and is said to be lost by a restart", async () => {
  const errors: string[] = [];
  const denyList = new DenyList();
  const log = { ...silentLog, error: (fact: string) => errors.push(fact) };
  const held = await HeldDenials.open(join(folder, "gone"), denyList, log);
  held.take({ incarnation: "i1", version: 7, denials: [A1] });
  expect(denyList.denies(shownA1)).toBe(true);
  await held.close();
  expect(errors).toEqual([expect.stringContaining("can't be stored")]);
});
