import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP } from "../../../src/core/base/ids.ts";
import type { StorageReport } from "../../../src/core/storage/report.ts";
import {
  contents,
  entries,
  entry,
  hardState,
  lastIndexOf,
  openStorage,
  request,
  temporaryFolder,
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
  parts: { why: expect.any(String), next: expect.stringContaining("it rejoins"), exit: 1 },
});

// Whatever is left of the last frame, everything acknowledged before it is there.
test("etcd#6378, etcd#5230: the file cut short at every byte of the last frame: cut there and reported", async () => {
  const written = await writtenStorage(4, 300);
  const [start = 0, end = 0] = written.offsets.slice(-2);
  for (let length = start + 1; length < end; length++) {
    const { storage, reports } = await reopenWith(written, written.segment.subarray(0, length));
    expect(lastIndexOf(storage), `cut at ${length}`).toBe(3);
    await storage.close();
    if (written.segment.subarray(start, length).every((byte) => byte === 0)) continue;
    const file = join(written.directory, "wal", SEGMENT);
    expect(reports).toEqual([{ kind: "torn-tail-cut", file, offset: start, claim: expect.any(String) }]);
  }
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

test("a flipped bit anywhere in the last frame: refused, since it had been written completely", async () => {
  const written = await writtenStorage(4, 300);
  const [start = 0, end = 0] = written.offsets.slice(-2);
  for (let position = start; position < end; position += 1) {
    const flipped = Buffer.from(written.segment);
    flipped[position] = (flipped[position] ?? 0) ^ 0x10;
    await expect(reopenWith(written, flipped), `byte ${position}`).rejects.toMatchObject(corruptAt(start));
  }
});

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

/** A closed storage with several segments; returns their names. */
async function severalSegments(directory: string): Promise<string[]> {
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  for (const next of entries(1, 150)) await storage.write(request({ entries: [next] }));
  await storage.close();
  return (await readdir(join(directory, "wal"))).sort();
}

test("a torn first frame of a new segment: cut, and the segment is used all the same", async () => {
  const directory = await temporaryFolder();
  const names = await severalSegments(directory);
  const file = join(directory, "wal", names.at(-1) ?? "");
  const storage = await openStorage(directory, { segmentBytes: 2048 });
  while ((await readFile(file)).every((byte) => byte === 0)) {
    await storage.write(request({ entries: [entry(lastIndexOf(storage) + 1)] }));
  }
  await storage.close();
  const last = lastIndexOf(storage);
  await writeFile(file, (await readFile(file)).subarray(0, 30));
  const reports: StorageReport[] = [];
  const cut = await openStorage(directory, {
    segmentBytes: 2048,
    onReport: (report) => reports.push(report),
  });
  expect(reports).toMatchObject([{ kind: "torn-tail-cut", file, offset: 0 }]);
  expect(lastIndexOf(cut)).toBe(last - 1);
  for (const next of entries(last, last + 50)) await cut.write(request({ entries: [next] }));
  await cut.close();
  expect(contents((await openStorage(directory)).reader(FLEET_GROUP)).entries).toEqual(entries(1, last + 50));
});

test.each([
  {
    damage: "flip",
    segment: 0,
    says: /can't be read .* a whole frame at offset 64 follows/,
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
] as const)("refuses $why", async ({ damage, segment, says }) => {
  const directory = await temporaryFolder();
  const names = await severalSegments(directory);
  expect(names.length).toBeGreaterThan(3);
  const file = join(directory, "wal", names[segment] ?? "");
  const bytes = await readFile(file);
  if (damage === "flip") await writeFile(file, bytes.fill(0xee, 40, 41));
  if (damage === "zero") await writeFile(file, bytes.fill(0, 1040));
  if (damage === "remove") await rm(file);
  if (damage === "empty") await truncate(file, 0);
  const parts = { why: expect.stringMatching(says) };
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT", parts });
});

// A vote that was synced and then lost by the disk: nothing else in the log depends on it, but it counted.
test("refuses a segment whose last frame is lost, when another segment follows", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 1024 });
  const ends: number[] = [];
  while ((await readdir(join(directory, "wal"))).length < 3) {
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
