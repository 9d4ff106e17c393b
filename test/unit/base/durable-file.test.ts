import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  createDirectory,
  createDirectoryDurably,
  writeFileDurably,
} from "../../../src/core/base/durable-file.ts";
import { lacks } from "../../lacks.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("replaces a whole file and leaves no temporary one", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "state");
  await writeFileDurably(path, bytes("a longer first version"));
  await writeFileDurably(path, bytes("second"));
  expect(await readFile(path, "utf8")).toBe("second");
  expect(await readdir(folder)).toEqual(["state"]);
});

test("a file is its owner's alone unless a caller says otherwise, also in place of one that was not", async () => {
  const path = join(await temporaryFolder(), "state");
  await writeFile(path, "old", { mode: 0o644 });
  await writeFileDurably(path, bytes("state"));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFileDurably(path, bytes("public"), 0o644);
  expect((await stat(path)).mode & 0o777).toBe(0o644);
});

test("on failure the old content stays and the temporary file goes", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "state");
  await mkdir(join(path, "in-the-way"), { recursive: true });
  await expect(writeFileDurably(path, bytes("new"))).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["state"]);
  expect(await readdir(path)).toEqual(["in-the-way"]);
});

test.skipIf(lacks("/dev/full", existsSync("/dev/full")))("a write that fails names its file", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "state");
  await symlink("/dev/full", `${path}.tmp`);
  await expect(writeFileDurably(path, bytes("new"))).rejects.toMatchObject({
    code: "ENOSPC",
    path: `${path}.tmp`,
    message: expect.stringContaining(`'${path}.tmp'`),
  });
});

test.each([
  { path: "/proc/self/x", code: "EOPNOTSUPP", why: "a file system that makes no folders" },
  { path: "/proc/self/x/y/z", code: "EOPNOTSUPP", why: "nor those above" },
  { path: "/dev/null/x", code: "ENOTDIR", why: "a device is no folder" },
  { path: "/dev/null", code: "EEXIST", why: "nor is there to be one in its place" },
])(
  "$path: $why, and nobody tries for ever",
  async ({ path, code }) => {
    await expect(createDirectoryDurably(path)).rejects.toMatchObject({ code });
    await expect(createDirectory(path)).rejects.toMatchObject({ code });
  },
  10_000,
);

test("a link that leads nowhere is no folder, and one that leads to a folder is", async () => {
  const folder = await temporaryFolder();
  await symlink(join(folder, "nowhere"), join(folder, "dangling"));
  await symlink(folder, join(folder, "here"));
  await expect(createDirectory(join(folder, "dangling"))).rejects.toMatchObject({ code: "EEXIST" });
  expect(await createDirectory(join(folder, "here", "new", "below"))).toBe(join(folder, "here", "new"));
  expect(await createDirectory(join(folder, "new"))).toBeUndefined();
});

test("several may make the same folders at once", async () => {
  const path = join(await temporaryFolder(), "a", "b", "c");
  await Promise.all(Array.from({ length: 8 }, () => createDirectory(path, 0o700)));
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test("creates missing folders above, and takes one that exists", async () => {
  const path = join(await temporaryFolder(), "a", "b", "c");
  await createDirectoryDurably(path);
  await createDirectoryDurably(path);
  expect(await readdir(path)).toEqual([]);
});
