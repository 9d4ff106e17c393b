// Archives: what is read back is what was answered, and nothing that is there is overwritten.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Archive,
  parseArchive,
  readArchiveBytes,
  writeArchive,
} from "../../../src/client/archive-file.ts";
import { Exit } from "../../../src/core/base/errors.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failureOf } from "./local/fakes.ts";

const archive: Archive = {
  command: "shard list",
  at: "2026-01-01T00:00:00.000Z",
  version: "0.1.0",
  target: { name: "prod", endpoints: ["a:1", "b:2"] },
  report: { stamp: undefined, shards: [{ shard: { shardId: "s1" }, observed: undefined, rows: [1, null] }] },
};

const archiveIn = async (path: string, command: string): Promise<Archive> =>
  parseArchive(path, (await readArchiveBytes(path, command)).toString("utf8"), command);

test("what was not known is there again, and is not known", async () => {
  const path = join(await temporaryFolder(), "a.json");
  await writeArchive(path, archive);
  expect(await archiveIn(path, "shard list")).toStrictEqual(archive);
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ kind: "FleetArchive", schemaVersion: 1 });
});

test("a file that is there is left alone", async () => {
  const path = join(await temporaryFolder(), "a.json");
  await writeFile(path, "kept");
  expect(await failureOf(writeArchive(path, archive))).toMatchObject({ code: "ARCHIVE_NOT_WRITTEN" });
  expect(await readFile(path, "utf8")).toBe("kept");
});

test.each([
  { text: null, code: "ARCHIVE_MISSING", exit: Exit.NotFound, why: "no such file" },
  { text: "{", code: "ARCHIVE_INVALID", exit: Exit.Usage, why: "cut off" },
  {
    text: '{"kind":"ShardList","schemaVersion":1}',
    code: "ARCHIVE_INVALID",
    exit: Exit.Usage,
    why: "-o json",
  },
  {
    text: JSON.stringify({ kind: "FleetArchive", schemaVersion: 2, ...archive }),
    code: "ARCHIVE_INVALID",
    exit: Exit.Usage,
    why: "of a later version",
  },
  {
    text: JSON.stringify({ kind: "FleetArchive", schemaVersion: 1, ...archive, command: "status" }),
    code: "ARCHIVE_INVALID",
    exit: Exit.Usage,
    why: "of another read",
  },
])("$code: $why", async ({ text, code, exit }) => {
  const path = join(await temporaryFolder(), "a.json");
  if (text !== null) await writeFile(path, text);
  expect(await failureOf(archiveIn(path, "shard list"))).toMatchObject({ code, exit });
});
