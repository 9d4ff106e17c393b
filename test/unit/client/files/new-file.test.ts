// On a file system that is full, nothing is left behind; what is there is never touched.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { writeNewFile } from "../../../../src/client/files/new-file.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const write = async (...asked: Parameters<typeof real.writeFile>) => {
    if (!disk.isFull) return await real.writeFile(...asked);
    // As the kernel does: the name is there before the first byte is refused.
    await real.writeFile(asked[0], "", asked[2]);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
  };
  return { ...real, writeFile: write };
});

let folder: string;
beforeEach(async () => {
  disk.isFull = false;
  folder = await temporaryFolder();
});

test("a full disk leaves no empty file", async () => {
  disk.isFull = true;
  await expect(writeNewFile(join(folder, "a"), "text")).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await readdir(folder)).toEqual([]);
});

test("a file that is there stays as it is, on a full disk too", async () => {
  const path = join(folder, "a");
  await writeFile(path, "mine");
  disk.isFull = true;
  await expect(writeNewFile(path, "text")).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(path, "utf8")).toBe("mine");
});
