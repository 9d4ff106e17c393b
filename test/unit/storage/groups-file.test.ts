// What a data folder remembers of the groups beside the fleet's own.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { groupId, logIndex } from "../../../src/core/base/ids.ts";
import { GroupsFile } from "../../../src/core/storage/groups-file.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const lost = { group: groupId(1), kind: "tally", memory: "lost" } as const;
const whole = { group: groupId(2), kind: "keys", memory: "whole" } as const;

test("a new folder has forgotten nothing, and has no groups", async () => {
  const file = await GroupsFile.open(await temporaryFolder());
  expect(file.forgotThrough).toBe(0);
  expect(file.find(groupId(1))).toBeUndefined();
});

test("everything is there after a restart, in whichever order it was written", async () => {
  const folder = await temporaryFolder();
  const file = await GroupsFile.open(folder);
  await Promise.all([file.add([lost, whole]), file.setForgotThrough(logIndex(7)), file.setWhole(lost.group)]);
  const again = await GroupsFile.open(folder);
  expect(again.forgotThrough).toBe(7);
  expect(again.find(lost.group)).toEqual({ ...lost, memory: "whole" });
  expect(again.find(whole.group)).toEqual(whole);
});

test("what was forgotten is not remembered again", async () => {
  const folder = await temporaryFolder();
  const file = await GroupsFile.open(folder);
  await file.setForgotThrough(logIndex(7));
  await file.setForgotThrough(logIndex(5));
  expect((await GroupsFile.open(folder)).forgotThrough).toBe(7);
});

test("a group is added once", async () => {
  const file = await GroupsFile.open(await temporaryFolder());
  await file.add([whole]);
  expect(() => file.add([{ ...whole, memory: "lost" }])).toThrow("never replaced");
});

test.each([
  { change: (text: string) => text.replace('"lost"', '"whole"'), why: "a promise would be forgotten" },
  { change: (text: string) => text.replace('"forgotThrough": 7', '"forgotThrough": 3'), why: "the same" },
  { change: (text: string) => text.slice(0, -9), why: "its end is missing" },
  { change: () => "", why: "it is empty" },
  { change: () => "null", why: "it is no object" },
  { change: (text: string) => text.replace("crc32c", "crc32d"), why: "the checksum is missing" },
])("a damaged file is refused: $why", async ({ change }) => {
  const folder = await temporaryFolder();
  const file = await GroupsFile.open(folder);
  await file.add([lost]);
  await file.setForgotThrough(logIndex(7));
  const path = join(folder, "groups.json");
  await writeFile(path, change(await readFile(path, "utf8")));
  await expect(GroupsFile.open(folder)).rejects.toMatchObject({ code: "GROUPS_FILE_DAMAGED" });
});
