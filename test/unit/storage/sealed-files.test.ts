// Files in sealed chunks: content of any length, written in parts of any size, comes back in any range. An unfinished
// file is resumed from its whole chunks.

import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diskFiles } from "../../../src/core/base/disk-files.ts";
import { newSecret } from "../../../src/core/seal/cipher.ts";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES, STREAM_HEAD_BYTES } from "../../../src/core/seal/sealed-stream.ts";
import { keyIdOfFile, SealBroken, sealedFiles } from "../../../src/core/storage/sealed-files.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const KEY = { id: 3, secret: newSecret(), createdAtMs: 0 };
const files = sealedFiles({
  files: diskFiles,
  activeKey: () => KEY,
  secretOf: (id) => (id === KEY.id ? KEY.secret : null),
  mayBePlain: (name) => name === "allowed",
  onUse: () => () => undefined,
});

const content = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) % 251);

async function write(path: string, bytes: Uint8Array, partBytes: number, isFinished = true): Promise<void> {
  const file = await files.create(path, 0o600);
  const parts = function* () {
    for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
  };
  await file.fill(parts());
  if (isFinished) await file.sync();
  await file.close();
}

test.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 4 * CHUNK_BYTES, 9 * CHUNK_BYTES + 77])(
  "%i bytes come back, whole and in ranges",
  async (length) => {
    const path = join(await temporaryFolder(), "file");
    const bytes = content(length);
    for (const partBytes of [1_000, CHUNK_BYTES, 256 * 1024]) {
      await write(path, bytes, partBytes);
      expect(Buffer.compare(await files.read(path), bytes)).toBe(0);
      const file = await files.openToRead(path);
      expect(file.bytes).toBe(length);
      for (const at of [0, 1, CHUNK_BYTES - 3, CHUNK_BYTES, length - 1]) {
        const found = await file.read(Math.max(0, at), 100_000);
        expect(Buffer.compare(found, bytes.subarray(Math.max(0, at), Math.max(0, at) + 100_000))).toBe(0);
      }
      await file.close();
    }
    expect(await keyIdOfFile(path, diskFiles)).toBe(KEY.id);
  },
);

test("a file that was cut at any chunk, or was never finished, is no whole file", async () => {
  const path = join(await temporaryFolder(), "file");
  await write(path, content(3 * CHUNK_BYTES), 10_000);
  const { size } = await stat(path);
  for (const cut of [0, 1, 16, SEALED_CHUNK_BYTES, 2 * SEALED_CHUNK_BYTES, size - STREAM_HEAD_BYTES]) {
    await write(path, content(3 * CHUNK_BYTES), 10_000);
    await truncate(path, size - cut);
    if (cut === 0) await files.read(path);
    else await expect(files.read(path), `${cut} bytes cut`).rejects.toThrow(SealBroken);
  }
  await write(path, content(3 * CHUNK_BYTES + 5), 10_000, false);
  await expect(files.openToRead(path)).rejects.toThrow(SealBroken);
});

test("chunks that were swapped, or are of another file of the same key, do not open", async () => {
  const folder = await temporaryFolder();
  const [path, other] = [join(folder, "file"), join(folder, "other")];
  for (const each of [path, other]) await write(each, content(3 * CHUNK_BYTES), 10_000);
  const chunk = (bytes: Buffer, number: number) => {
    const at = STREAM_HEAD_BYTES + number * SEALED_CHUNK_BYTES;
    return bytes.subarray(at, at + SEALED_CHUNK_BYTES);
  };
  const [own, others] = [await readFile(path), await readFile(other)];
  const head = own.subarray(0, STREAM_HEAD_BYTES);
  await writeFile(path, Buffer.concat([head, chunk(own, 1), chunk(own, 0), chunk(own, 2)]));
  await expect(files.read(path)).rejects.toThrow(/chunk 0 was changed, moved or cut off/);
  await writeFile(path, Buffer.concat([head, chunk(own, 0), chunk(others, 1), chunk(own, 2)]));
  await expect(files.read(path)).rejects.toThrow(/chunk 1 was changed, moved or cut off/);
});

test("an unfinished file is added to from its whole chunks on, and under another key than before", async () => {
  const path = join(await temporaryFolder(), "spool");
  const bytes = content(5 * CHUNK_BYTES + 9);
  await write(path, bytes.subarray(0, 2 * CHUNK_BYTES + 500), 10_000, false);
  const before = await readFile(path);
  const unfinished = await files.openUnfinished(path);
  const there = unfinished.bytes;
  expect(there).toBe(2 * CHUNK_BYTES);
  await unfinished.close();
  const file = await files.append(path);
  await file.fill(bytes.subarray(there));
  await file.sync();
  await file.close();
  expect(Buffer.compare(await files.read(path), bytes)).toBe(0);
  const after = await readFile(path);
  // Of the head only the salt differs; no chunk is written twice with one key and nonce.
  expect(
    Buffer.compare(after.subarray(0, STREAM_HEAD_BYTES), before.subarray(0, STREAM_HEAD_BYTES)),
  ).not.toBe(0);
});

test("a plain file is read only where the folder's ring names it", async () => {
  const folder = await temporaryFolder();
  for (const name of ["allowed", "planted"]) await writeFile(join(folder, name), "plain");
  expect(new TextDecoder().decode(await files.read(join(folder, "allowed")))).toBe("plain");
  await expect(files.read(join(folder, "planted"))).rejects.toThrow(/it is plain/);
});
