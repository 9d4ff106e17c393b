import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createDirectoryDurably, writeFileDurably } from "../../../src/core/base/durable-file.ts";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-durable-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("replaces a whole file and leaves no temporary one", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "state");
  await writeFileDurably(path, bytes("a longer first version"));
  await writeFileDurably(path, bytes("second"));
  expect(await readFile(path, "utf8")).toBe("second");
  expect(await readdir(folder)).toEqual(["state"]);
});

test("on failure the old content stays and the temporary file goes", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "state");
  await mkdir(join(path, "in-the-way"), { recursive: true });
  await expect(writeFileDurably(path, bytes("new"))).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["state"]);
  expect(await readdir(path)).toEqual(["in-the-way"]);
});

test("creates missing folders above, and takes one that exists", async () => {
  const path = join(await temporaryFolder(), "a", "b", "c");
  await createDirectoryDurably(path);
  await createDirectoryDurably(path);
  expect(await readdir(path)).toEqual([]);
});
