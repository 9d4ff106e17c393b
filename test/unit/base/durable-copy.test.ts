import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyFolderDurably } from "../../../src/core/base/durable-copy.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

test("a folder is copied whole, without what is left out, and over nothing", async () => {
  const home = await temporaryFolder();
  const [from, to] = [join(home, "from"), join(home, "to")];
  await mkdir(join(from, "deep"), { recursive: true });
  await writeFile(join(from, "deep", "a"), "one");
  await writeFile(join(from, "lock"), "mine");
  // What an earlier attempt has left.
  await mkdir(`${to}.tmp`);
  await writeFile(join(`${to}.tmp`, "half"), "h");
  await copyFolderDurably(from, to, (name) => name === "lock");
  expect(await readFile(join(to, "deep", "a"), "utf8")).toBe("one");
  expect((await readdir(to)).sort()).toEqual(["deep"]);
  expect((await readdir(home)).sort()).toEqual(["from", "to"]);
  await expect(copyFolderDurably(from, to, () => false)).rejects.toThrow(/takes the place of nothing/);
});
