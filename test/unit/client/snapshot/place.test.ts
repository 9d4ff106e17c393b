// Where snapshots are looked for: a folder that is not there is no empty one.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { storeOf } from "../../../../src/client/snapshot/place.ts";
import { Exit } from "../../../../src/core/base/errors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-place-"));
  await writeFile(join(folder, "file"), "");
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  { name: "typo", why: "nothing has that name" },
  { name: "file", why: "it is no folder" },
  { name: "file/typo", why: "nor can it be in one" },
])("$name is refused as a place to read from: $why", async ({ name }) => {
  const place = join(folder, name);
  await expect(storeOf(place, "--from", folder)).rejects.toMatchObject({
    code: "FOLDER_NOT_FOUND",
    parts: { what: `there is no folder ${place}`, exit: Exit.NotFound },
  });
});

test("an empty folder is a place to read from, and what is not there one to write to", async () => {
  expect((await storeOf(folder, "--from", folder)).place).toBe(folder);
  expect((await storeOf(join(folder, "new"), "--to", folder)).place).toBe(join(folder, "new"));
});
