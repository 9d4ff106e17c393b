import { cp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FileSystem } from "../../../src/core/base/file-system.ts";
import { FLEET_GROUP } from "../../../src/core/base/ids.ts";
import type { Entry } from "../../../src/core/raft/message.ts";
import type { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { diskWorld } from "../../../src/core/storage/disk-world.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { turns } from "../../turns.ts";
import {
  contents,
  entries,
  entry,
  folderKeys,
  hardState,
  lastIndexOf,
  openStorage,
  request,
} from "./support.ts";

const SEGMENT = "0000000000000001.wal";

interface Written {
  readonly directory: string;
  readonly segment: Buffer;
  /** Where each frame starts, and where the last one ends. */
  readonly offsets: readonly number[];
}

/** A closed storage whose log is one frame per entry, the last one `lastBytes` long or more. */
async function writtenStorage(count: number, lastBytes: number): Promise<Written> {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  const offsets = [0];
  for (let index = 1; index <= count; index++) {
    const next = index === count ? entry(index, 1, "z".repeat(lastBytes)) : entry(index);
    await storage.write(request({ entries: [next], hardState: hardState(1, 1, index - 1) }));
    offsets.push(storage.stats().bytesWritten);
  }
  await storage.close();
  return { directory, segment: await readFile(join(directory, "wal", SEGMENT)), offsets };
}

/** Opens the folder with other bytes in its only segment. */
async function reopenWith({ directory }: Written, segment: Uint8Array) {
  await writeFile(join(directory, "wal", SEGMENT), segment);
  const reports: StorageReport[] = [];
  const storage = await openStorage(directory, { onReport: (report) => reports.push(report) });
  return { storage, reports };
}

const corruptAt = (offset: number) => ({
  code: "STORAGE_CORRUPT",
  message: expect.stringMatching(new RegExp(`${SEGMENT} is corrupt at offset ${offset}$`)),
  parts: {
    why: expect.any(String),
    next: expect.stringContaining("it copies the state from a quorum"),
    exit: 1,
  },
});

// Space is reserved before a frame is written, so no crash explains a shorter file: what is missing was acknowledged.
test("etcd#6378, etcd#5230: the file cut short at any byte, within its last frame or behind it: refused, with both sizes", async () => {
  const written = await writtenStorage(4, 300);
  const [start = 0, end = 0] = written.offsets.slice(-2);
  for (const length of [0, start, start + 1, start + 40, end - 1, end, written.segment.length - 1]) {
    await expect(reopenWith(written, written.segment.subarray(0, length))).rejects.toMatchObject({
      ...corruptAt(length),
      parts: { why: expect.stringContaining(`has ${length} bytes, but a segment gets all of its 16384`) },
    });
  }
  const { storage } = await reopenWith(written, written.segment);
  expect(lastIndexOf(storage)).toBe(4);
});

test("the prepared next segment cut short: refused as well", async () => {
  const directory = await temporaryFolder();
  const names = await severalSegments(directory);
  await truncate(join(directory, "wal", names.at(-1) ?? ""), 1000);
  const parts = { why: expect.stringContaining("has 1000 bytes") };
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT", parts });
});

/** As an earlier version wrote it, which told no segment's size and let a large frame grow its file. */
async function forgetSegmentSize(directory: string): Promise<void> {
  const file = join(directory, "meta.json");
  const { format, clusterId, nodeId, checksum } = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ format, clusterId, nodeId, checksum }));
}

test("an earlier version's frame that grew its file and was cut off by a crash: cut, once", async () => {
  const written = await writtenStorage(4, 40_000);
  const file = join(written.directory, "wal", "0000000000000002.wal");
  const grown = (await readFile(file)).subarray(0, 30_000);
  await writeFile(file, grown);
  await expect(openStorage(written.directory)).rejects.toMatchObject({
    code: "STORAGE_CORRUPT",
    parts: { why: expect.stringContaining("the file ends at 30000, inside the frame there") },
  });
  await forgetSegmentSize(written.directory);
  const reports: StorageReport[] = [];
  const storage = await openStorage(written.directory, { onReport: (report) => reports.push(report) });
  expect(reports).toMatchObject([{ kind: "torn-tail-cut", file, offset: 0 }]);
  expect(lastIndexOf(storage)).toBe(3);
  await storage.close();
  await truncate(file, 16_383);
  await expect(openStorage(written.directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
});

test("a folder keeps the segment size that it was made with", async () => {
  const directory = await temporaryFolder();
  await severalSegments(directory);
  const storage = await openStorage(directory, { segmentBytes: 1024 * 1024 });
  for (const next of entries(151, 300)) await storage.write(request({ entries: [next] }));
  await storage.close();
  const names = await readdir(join(directory, "wal"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, "wal", name))).size));
  expect(new Set(sizes)).toEqual(new Set([2048]));
});

// A torn tail that says something of the log's past is no proof that frames followed it.
test("a torn last frame whose payload holds an older frame's bytes: cut, not refused", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  for (const next of entries(1, 3)) await storage.write(request({ entries: [next] }));
  const file = join(directory, "wal", SEGMENT);
  const start = storage.stats().bytesWritten;
  const older = (await readFile(file)).subarray(0, start);
  // Frames stand at multiples of 8; eight copies, shifted by one byte each, put one of them there.
  const shifted = Array.from({ length: 8 }, () => Buffer.concat([older, Buffer.alloc(1)]));
  const data = Buffer.concat([Buffer.alloc(2048, 1), ...shifted, Buffer.alloc(512, 1)]);
  await storage.write(request({ entries: [{ ...entry(4), data }] }));
  await storage.close();
  const torn = (await readFile(file)).fill(0, 1024, 1536);
  const { storage: reopened, reports } = await reopenWith({ directory, segment: torn, offsets: [] }, torn);
  expect(reports).toMatchObject([{ kind: "torn-tail-cut", offset: start }]);
  expect(lastIndexOf(reopened)).toBe(3);
});

test("etcd#14140: sectors of the last frame that never reached the disk: cut, and the log goes on from there", async () => {
  const written = await writtenStorage(4, 1400);
  const [start = 0, end = 0] = written.offsets.slice(-2);
  for (let sector = Math.floor(start / 512); sector * 512 < end; sector++) {
    const torn = Buffer.from(written.segment);
    torn.fill(0, Math.max(start, sector * 512), Math.min(end, (sector + 1) * 512));
    const { storage, reports } = await reopenWith(written, torn);
    expect(reports.map(({ kind }) => kind)).toEqual(["torn-tail-cut"]);
    expect(lastIndexOf(storage)).toBe(3);
    await storage.write(request({ entries: [entry(4, 2, "after")] }));
    await storage.close();
    const again = await openStorage(written.directory);
    expect(contents(again.reader(FLEET_GROUP)).entries).toEqual([...entries(1, 3), entry(4, 2, "after")]);
    await again.close();
  }
});

test.each([0, 1, 2, 3])(
  "a flipped bit anywhere in the last frame: refused, since it had been written completely (bytes %i of 4)",
  async (first) => {
    const written = await writtenStorage(4, 300);
    const [start = 0, end = 0] = written.offsets.slice(-2);
    for (let position = start + first; position < end; position += 4) {
      const flipped = Buffer.from(written.segment);
      flipped[position] = (flipped[position] ?? 0) ^ 0x10;
      await expect(reopenWith(written, flipped), `byte ${position}`).rejects.toMatchObject(corruptAt(start));
    }
  },
);

test.each([
  {
    damage: (bytes: Buffer, at: number) => bytes.fill(bytes.readUInt8(at) ^ 1, at, at + 1),
    why: "its magic flipped",
  },
  {
    damage: (bytes: Buffer, at: number) => bytes.fill(bytes.readUInt8(at + 4) ^ 1, at + 4, at + 5),
    why: "its length flipped",
  },
  {
    damage: (bytes: Buffer, at: number) => bytes.fill(bytes.readUInt8(at + 40) ^ 1, at + 40, at + 41),
    why: "its body flipped",
  },
  { damage: (bytes: Buffer, at: number, end: number) => bytes.fill(0, at, end), why: "lost as a whole" },
])("an early frame with $why: refused with file and offset", async ({ damage }) => {
  const written = await writtenStorage(4, 100);
  const [, second = 0, third = 0] = written.offsets;
  const damaged = Buffer.from(written.segment);
  damage(damaged, second, third);
  await expect(reopenWith(written, damaged)).rejects.toMatchObject(corruptAt(second));
  const { storage } = await reopenWith(written, written.segment);
  expect(lastIndexOf(storage)).toBe(4);
});

test("a sector missing from an early frame is no torn tail: a whole frame follows it", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  for (const index of [1, 2, 3])
    await storage.write(request({ entries: [entry(index, 1, "y".repeat(1400))] }));
  await storage.close();
  const file = join(directory, "wal", SEGMENT);
  await writeFile(file, (await readFile(file)).fill(0, 512, 1024));
  await expect(openStorage(directory)).rejects.toMatchObject(corruptAt(0));
});

function entriesOf(storage: DiskStorage): readonly Entry[] {
  const { entries: found } = contents(storage.reader(FLEET_GROUP));
  return typeof found === "string" ? [] : found;
}

/** A closed storage with several segments; returns their names. */
async function severalSegments(directory: string, count = 150): Promise<string[]> {
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  for (const next of entries(1, count)) await storage.write(request({ entries: [next] }));
  await storage.close();
  return (await readdir(join(directory, "wal"))).sort();
}

test("a torn first frame of a new segment: cut, and the segment is used all the same", async () => {
  const directory = await temporaryFolder();
  // So many that the last segment is prepared, and empty: encrypted frames are larger.
  const names = await severalSegments(directory, folderKeys() === null ? 150 : 160);
  const file = join(directory, "wal", names.at(-1) ?? "");
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  const turn = turns("a frame in the last segment", 1_000);
  while ((await readFile(file)).every((byte) => byte === 0)) {
    turn();
    await storage.write(request({ entries: [entry(lastIndexOf(storage) + 1, 1, "x".repeat(900))] }));
  }
  await storage.close();
  const last = lastIndexOf(storage);
  const before = entriesOf(storage).slice(0, -1);
  await writeFile(file, (await readFile(file)).fill(0, 512));
  const reports: StorageReport[] = [];
  const cut = await openStorage(directory, {
    segmentBytes: 2048,
    onReport: (report) => reports.push(report),
  });
  expect(reports).toMatchObject([{ kind: "torn-tail-cut", file, offset: 0 }]);
  expect(lastIndexOf(cut)).toBe(last - 1);
  for (const next of entries(last, last + 50)) await cut.write(request({ entries: [next] }));
  await cut.close();
  expect(entriesOf(await openStorage(directory))).toEqual([...before, ...entries(last, last + 50)]);
});

test.each([
  {
    damage: "flip",
    segment: 0,
    says: new RegExp(`can't be read .* a whole frame at offset ${folderKeys() === null ? 64 : 96} follows`),
    why: "a bit in an older segment",
  },
  {
    damage: "zero",
    segment: 0,
    says: /can't be read .* a written segment/,
    why: "an older segment's end lost",
  },
  { damage: "remove", segment: 1, says: /file is missing/, why: "a segment in the middle missing" },
  { damage: "remove", segment: 0, says: /entries 1 to \d+ are missing/, why: "the oldest segment missing" },
  {
    damage: "empty",
    segment: 1,
    says: /stands where frame \d+ belongs/,
    why: "a segment in the middle empty",
  },
  { damage: "shorten", segment: 1, says: /has 1600 bytes, but/, why: "a segment in the middle shortened" },
] as const)("refuses $why", async ({ damage, segment, says }) => {
  const directory = await temporaryFolder();
  const names = await severalSegments(directory);
  expect(names.length).toBeGreaterThan(3);
  const file = join(directory, "wal", names[segment] ?? "");
  const bytes = await readFile(file);
  if (damage === "flip") await writeFile(file, bytes.fill(0xee, 40, 41));
  if (damage === "zero") await writeFile(file, bytes.fill(0, 1040));
  if (damage === "remove") await rm(file);
  if (damage === "empty") await writeFile(file, bytes.fill(0));
  if (damage === "shorten") await truncate(file, 1_600);
  const parts = { why: expect.stringMatching(says) };
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT", parts });
});

// A vote that was synced and then lost by the disk: nothing else in the log depends on it, but it counted.
test("refuses a segment whose last frame is lost, when another segment follows", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 1024 });
  const ends: number[] = [];
  const turn = turns("a third segment", 1_000);
  while ((await readdir(join(directory, "wal"))).length < 3) {
    turn();
    await storage.write(request({ hardState: hardState(ends.length + 1, 1, 0) }));
    ends.push(storage.stats().bytesWritten);
  }
  await storage.close();
  const file = join(directory, "wal", SEGMENT);
  const [start = 0] = ends.filter((end) => end <= 1024).slice(-2);
  await writeFile(file, (await readFile(file)).fill(0, start));
  const parts = { why: expect.stringMatching(/stands where frame \d+ belongs/) };
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT", parts });
});

test("etcd#10817: a folder whose log was removed is refused, and so is a log whose meta.json was", async () => {
  const directory = await temporaryFolder();
  await severalSegments(directory);
  const copy = await temporaryFolder();
  await cp(directory, copy, { recursive: true });
  await rm(join(copy, "meta.json"));
  await expect(openStorage(copy)).rejects.toMatchObject({ code: "STORAGE_FOREIGN_DIRECTORY" });
  for (const name of await readdir(join(directory, "wal"))) await rm(join(directory, "wal", name));
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
});

test("a foreign folder is refused and left alone", async () => {
  const directory = await temporaryFolder();
  await writeFile(join(directory, "thesis.txt"), "years of work");
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_FOREIGN_DIRECTORY" });
  expect(await readdir(directory)).toEqual(["thesis.txt"]);
});

test("a creation that a crash interrupted is finished", async () => {
  const directory = await temporaryFolder();
  await (await openStorage(directory)).close();
  await rm(join(directory, "meta.json"));
  await writeFile(join(directory, "meta.json.tmp"), "{");
  const storage = await openStorage(directory);
  await storage.write(request({ entries: [entry(1)] }));
});

test("leftover temporary files are removed and reported", async () => {
  const directory = await temporaryFolder();
  await (await openStorage(directory)).close();
  const leftovers = ["meta.json.tmp", "wal/0000000000000002.wal.tmp", "snap/0-1-1.snap.tmp"];
  for (const name of leftovers) await writeFile(join(directory, name), "half");
  const reports: StorageReport[] = [];
  await openStorage(directory, { onReport: (report) => reports.push(report) });
  const files = leftovers.map((name) => join(directory, name));
  expect(reports).toEqual(files.map((file) => ({ kind: "leftover-removed", file })));
});

test("an opened storage keeps nothing of the segments that it read, and has confirmed the newest frame", async () => {
  const written = await writtenStorage(4, 300);
  const read: Uint8Array[] = [];
  const files: FileSystem = {
    ...diskWorld.files,
    read: async (path) => {
      const bytes = await diskWorld.files.read(path);
      if (path.endsWith(".wal")) read.push(bytes);
      return bytes;
    },
  };
  const storage = await openStorage(written.directory, { world: { ...diskWorld, files } });
  expect(read.map(({ byteLength }) => byteLength)).toEqual([0]);
  expect(lastIndexOf(storage)).toBe(4);
  const after = await readFile(join(written.directory, "wal", SEGMENT));
  expect(after.equals(written.segment)).toBe(true);
});
