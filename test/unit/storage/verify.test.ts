import { cp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex } from "../../../src/core/base/ids.ts";
import { GroupsFile } from "../../../src/core/storage/groups-file.ts";
import { verifyDataFolder } from "../../../src/core/storage/verify.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { entries, entry, hardState, openStorage, ownSnapshot, request } from "./support.ts";

const SEGMENT = "wal/0000000000000001.wal";
const NEXT_SEGMENT = "wal/0000000000000002.wal";
const OLD_SNAPSHOT = "snap/0-0000000000000001-0000000000000004.snap";
const SNAPSHOT = "snap/0-0000000000000001-0000000000000008.snap";

let directory: string;

// Two segments with frames, two snapshots of which the newer one counts.
beforeEach(async () => {
  directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 4_096 });
  for (const next of entries(1, 30)) {
    const padded = { ...next, data: new Uint8Array(150).fill(7) };
    await storage.write(request({ entries: [padded], hardState: hardState(1, 1, next.index) }));
  }
  for (const index of [4, 8]) await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(index));
  await storage.close();
});

const verify = (folder = directory) => verifyDataFolder(folder, () => null);

/** Changes one file's bytes in place. */
async function change(file: string, edit: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(join(directory, file));
  edit(bytes);
  await writeFile(join(directory, file), bytes);
}

const flip = (at: number) => (bytes: Buffer) => {
  bytes.writeUInt8(bytes.readUInt8(at < 0 ? bytes.length + at : at) ^ 1, at < 0 ? bytes.length + at : at);
};

test("a whole folder: every file ok", async () => {
  const { files, damaged } = await verify();
  expect(damaged).toBe(0);
  expect(files.map(({ file, state }) => `${file} ${state}`)).toEqual(
    expect.arrayContaining([
      "meta.json ok",
      `${SEGMENT} ok`,
      `${NEXT_SEGMENT} ok`,
      `${OLD_SNAPSHOT} ok`,
      `${SNAPSHOT} ok`,
    ]),
  );
});

test.each([
  { file: "meta.json", damage: flip(20), offset: 0, found: /checksum|not JSON/, why: "identity" },
  { file: SEGMENT, damage: flip(60), offset: 0, found: /follows it/, why: "a frame within the log" },
  { file: NEXT_SEGMENT, damage: flip(60), offset: 0, found: /./, why: "a frame of a later segment" },
  { file: SNAPSHOT, damage: flip(-40), offset: 0, found: /SHA-256/, why: "the newest snapshot" },
  { file: OLD_SNAPSHOT, damage: flip(-40), offset: 0, found: /SHA-256/, why: "an older snapshot" },
])("one flipped bit is found: $why", async ({ file, damage, offset, found }) => {
  await change(file, damage);
  const { files, damaged } = await verify();
  expect(damaged).toBe(1);
  const wrong = files.find((each) => each.state === "damaged");
  expect(wrong).toMatchObject({ file, offset, found: expect.stringMatching(found) });
  expect(wrong?.next).not.toBeNull();
});

test.each([
  { file: SEGMENT, why: "in the middle of the log" },
  { file: NEXT_SEGMENT, why: "within the last frames" },
])("a shortened segment is damage, with both sizes: $why", async ({ file }) => {
  await writeFile(join(directory, file), (await readFile(join(directory, file))).subarray(0, 600));
  const { files, damaged } = await verify();
  expect(damaged).toBe(1);
  expect(files.find((each) => each.state === "damaged")).toMatchObject({
    file,
    offset: 600,
    found: expect.stringContaining("it has 600 bytes, but a segment gets all of its 4096"),
    next: expect.stringContaining("Move the data folder away"),
  });
});

test("two damaged segments are both listed", async () => {
  await change(SEGMENT, flip(60));
  await change(NEXT_SEGMENT, flip(60));
  expect((await verify()).damaged).toBe(2);
});

test.each([
  { file: SEGMENT, found: /are missing from the log/, why: "the log's beginning" },
  { file: SNAPSHOT, found: /names it, but it is missing/, why: "the snapshot that counts" },
  { file: "meta.json", found: /yet there is a log/, why: "the identity" },
])("a missing file is found: $why", async ({ file, found }) => {
  await rm(join(directory, file));
  const { files, damaged } = await verify();
  expect(damaged).toBe(1);
  expect(files.find((each) => each.state === "damaged")?.found).toMatch(found);
});

test("a torn tail and leftovers are no damage, and are left alone", async () => {
  const torn = await temporaryFolder();
  const storage = await openStorage(torn);
  await storage.write(request({ entries: [entry(1)] }));
  const start = storage.stats().bytesWritten;
  await storage.write(request({ entries: [entry(2, 1, "y".repeat(2_000))] }));
  await storage.close();
  const file = join(torn, SEGMENT);
  await writeFile(file, (await readFile(file)).fill(0, 1_024));
  await writeFile(join(torn, "snap", "0-1-1.snap.tmp"), "half");
  const before = await readFile(file);
  const { files, damaged } = await verify(torn);
  expect(damaged).toBe(0);
  expect(files).toContainEqual(expect.objectContaining({ file: SEGMENT, state: "torn", offset: start }));
  expect(files).toContainEqual(expect.objectContaining({ file: "snap/0-1-1.snap.tmp", state: "leftover" }));
  expect(await readFile(file)).toEqual(before);
  expect(await readdir(torn)).not.toContain("lock");
});

test("a snapshot that no mark names is a leftover", async () => {
  await cp(join(directory, SNAPSHOT), join(directory, SNAPSHOT.replace("08.snap", "20.snap")));
  expect((await verify()).files.map(({ state }) => state)).toContain("leftover");
});

test("a snapshot whose state can't be restored is damaged, though its bytes are whole", async () => {
  const { files } = await verifyDataFolder(directory, () => "an unknown format");
  expect(files.filter(({ state }) => state === "damaged").map(({ file }) => file)).toEqual([
    OLD_SNAPSHOT,
    SNAPSHOT,
  ]);
});

test("a folder in use, or that is none, is refused", async () => {
  const storage = await openStorage(directory);
  await expect(verify()).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
  await storage.close();
  await expect(verify(join(directory, "snap"))).rejects.toMatchObject({ code: "NOT_A_DATA_FOLDER" });
  await expect(verify(join(directory, "nowhere"))).rejects.toMatchObject({ code: "NOT_A_DATA_FOLDER" });
});

test("what verify calls sound can be opened, and what it calls damaged can't", async () => {
  await rename(join(directory, SNAPSHOT), join(directory, "elsewhere"));
  expect((await verify()).damaged).toBe(1);
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
  await rename(join(directory, "elsewhere"), join(directory, SNAPSHOT));
  expect((await verify()).damaged).toBe(0);
  const storage = await openStorage(directory);
  expect(storage.reader(FLEET_GROUP).lastIndex()).toBe(logIndex(30));
});

test("a snapshot of another group is read as what that group replicates", async () => {
  const groups = await GroupsFile.open(directory);
  await groups.add([{ group: groupId(1), kind: "keys", memory: "whole" }]);
  const storage = await openStorage(directory);
  await storage.write(request({ group: groupId(1), entries: [entry(1)], hardState: hardState(1, 1, 1) }));
  await storage.saveSnapshot(groupId(1), ownSnapshot(1));
  await storage.close();
  const kinds: (string | null)[] = [];
  const { files, damaged } = await verifyDataFolder(directory, (_, kind) => {
    kinds.push(kind);
    return kind === "keys" ? "no keys" : null;
  });
  expect(new Set(kinds)).toEqual(new Set([null, "keys"]));
  expect(damaged).toBe(1);
  expect(files).toContainEqual(expect.objectContaining({ file: "groups.json", state: "ok" }));
  expect(files).toContainEqual(expect.objectContaining({ found: "no keys", state: "damaged" }));
});

test("a damaged list of the groups is found", async () => {
  const groups = await GroupsFile.open(directory);
  await groups.add([{ group: groupId(1), kind: "keys", memory: "whole" }]);
  await change("groups.json", flip(20));
  const { files, damaged } = await verify();
  expect(damaged).toBe(1);
  expect(files).toContainEqual(expect.objectContaining({ file: "groups.json", state: "damaged" }));
});
