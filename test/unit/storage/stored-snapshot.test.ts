// Snapshots that are too large for memory: their data stay in their files.

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP } from "../../../src/core/base/ids.ts";
import type { StoredData } from "../../../src/core/raft/message.ts";
import { wholeOf } from "../../../src/core/storage/chunks.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { entries, newestSnapshot, openStorage, ownSnapshot, request } from "./support.ts";

const TEXT = Array.from({ length: 100_000 }, (_, number) => `row ${number}`).join(",");

async function folderWithLarge() {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 9) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4, 1, TEXT));
  return { directory, storage };
}

function storedIn(snapshot: { readonly data: Uint8Array | StoredData }): StoredData {
  if (snapshot.data instanceof Uint8Array) throw new Error("it is in memory");
  return snapshot.data;
}

test("a large snapshot is read from its file, from any byte on, before and after a reopen", async () => {
  const { directory, storage } = await folderWithLarge();
  const before = storedIn(await newestSnapshot(storage.reader(FLEET_GROUP)));
  await storage.close();
  const reopened = await openStorage(directory);
  const after = storedIn(await newestSnapshot(reopened.reader(FLEET_GROUP)));
  for (const data of [before, after]) {
    expect(data.bytes).toBe(TEXT.length);
    expect(Buffer.from(data.sha256)).toEqual(createHash("sha256").update(TEXT).digest());
    for (const from of [0, 1, 300_000, TEXT.length]) {
      expect(new TextDecoder().decode(await wholeOf(data.read(from)))).toBe(TEXT.slice(from));
    }
  }
});

test("a large snapshot that rotted is refused at a start, and lost to who asks for it", async () => {
  const { directory, storage } = await folderWithLarge();
  const [name = ""] = await readdir(join(directory, "snap"));
  const file = join(directory, "snap", name);
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(500_000) ^ 1, 500_000);
  await writeFile(file, bytes);
  expect(storage.reader(FLEET_GROUP).snapshot()).toBe("unavailable");
  await expect.poll(() => storage.isSnapshotLost(FLEET_GROUP)).toBe(true);
  await storage.close();
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
});
