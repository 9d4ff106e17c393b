// Where snapshots are looked for: a folder that is not there is no empty one.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { storeOf } from "../../../../src/client/snapshot/place.ts";
import { Exit } from "../../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, "file"), "");
});

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

test("a bundle is recognized, and holds no snapshots", async () => {
  const place = join(folder, "sick.bundle");
  await writeFile(place, gzipSync("{}"));
  await expect(storeOf(place, "--from", folder)).rejects.toMatchObject({
    code: "NOT_IN_BUNDLE",
    parts: { what: `${place} is a bundle: it has no exported snapshots`, exit: Exit.NotFound },
  });
});

test("an empty folder is a place to read from, and what is not there one to write to", async () => {
  expect((await storeOf(folder, "--from", folder)).place).toBe(folder);
  expect((await storeOf(join(folder, "new"), "--to", folder)).place).toBe(join(folder, "new"));
});

test.each(["--to", "--from"] as const)(
  "a blank %s and an address of another kind are wrong usage",
  async (flag) => {
    for (const place of ["", " ", "s3:/b/c", "http://x", "file:///tmp/x"]) {
      await expect(storeOf(place, flag, folder)).rejects.toMatchObject({
        code: "USAGE",
        parts: { exit: Exit.Usage },
      });
    }
  },
);

test.each([
  {
    to: "s3:/b/c",
    code: "USAGE",
    exit: Exit.Usage,
    why: expect.stringContaining("does not begin with s3://"),
  },
  {
    to: "backup",
    code: "CONFIG_INVALID",
    exit: Exit.NotFound,
    why: expect.stringContaining("inside its own data folder"),
  },
])("so is $to in fleet.yaml", async ({ to, code, exit, why }) => {
  const text = "schemaVersion: 1\nname: a\nclusterId: x\nnodes: [{id: 1, name: n1, address: 'h:1'}]\n";
  await writeFile(join(folder, "fleet.yaml"), `${text}snapshots: {to: "${to}"}\n`);
  const parts = { why, exit };
  await expect(storeOf(undefined, "--to", folder)).rejects.toMatchObject({ code, parts });
});
