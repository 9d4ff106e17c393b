// What encryption promises of a data folder. What is in it is not to be read, and nothing that was changed, moved or
// put there is believed.

import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId } from "../../../src/core/base/ids.ts";
import { newKeyText, parseOperatorKeys } from "../../../src/core/seal/operator-keys.ts";
import { encodeFrame, readFrame } from "../../../src/core/storage/frame.ts";
import { SEAL_BYTES } from "../../../src/core/storage/frame-seal.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { turns } from "../../turns.ts";
import {
  contents,
  entries,
  entry,
  hardState,
  IDENTITY,
  lastIndexOf,
  newestSnapshot,
  OPERATOR_KEYS,
  openStorage,
  ownSnapshot,
  request,
} from "./support.ts";

const encryption = { keys: OPERATOR_KEYS, existing: false };
const SECRET = "a-cluster-whose-name-is-a-secret";
const SEGMENT = "0000000000000001.wal";

/** A closed, encrypted folder with `count` entries, one a frame, and a snapshot at 2. */
async function encryptedFolder(count = 4): Promise<string> {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { encryption });
  for (let index = 1; index <= count; index++) {
    if (index === count)
      await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(2, 1, `${SECRET} in a snapshot`));
    const next = entry(index, 1, `${SECRET} ${index}`);
    await storage.write(request({ entries: [next], hardState: hardState(1, 1, index - 1) }));
  }
  await storage.close();
  return directory;
}

async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  return names.filter((name) => name.isFile()).map((name) => join(name.parentPath, name.name));
}

/** Every file's name and bytes. */
async function bytesOf(directory: string): Promise<Map<string, string>> {
  const files = await filesIn(directory);
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "hex")] as const)));
}

const wal = (directory: string) => join(directory, "wal", SEGMENT);

const refused = (directory: string, code: string, why: RegExp, options = {}) =>
  expect(openStorage(directory, { encryption, ...options })).rejects.toMatchObject({
    code,
    parts: { why: expect.stringMatching(why) },
  });

test("what is written is in no file, and is there after a reopen", async () => {
  const directory = await encryptedFolder();
  for (const file of await filesIn(directory)) {
    expect(await readFile(file, "latin1"), file).not.toContain(SECRET);
  }
  const storage = await openStorage(directory, { encryption });
  expect(lastIndexOf(storage)).toBe(4);
  expect(await newestSnapshot(storage.reader(FLEET_GROUP))).toMatchObject({
    data: new TextEncoder().encode(`${SECRET} in a snapshot`),
  });
});

test.each([
  { given: "no key", encryption: null, code: "ENCRYPTION_KEY_NEEDED", why: /needs key [0-9a-f]{12}$/ },
  {
    given: "another key",
    encryption: { keys: parseOperatorKeys(newKeyText(), "a test"), existing: true },
    code: "ENCRYPTION_KEY_WRONG",
    why: /needs key [0-9a-f]{12}; given: [0-9a-f]{12}$/,
  },
])("with $given: refused, and nothing is written", async ({ encryption: given, code, why }) => {
  const directory = await encryptedFolder();
  const before = await bytesOf(directory);
  await expect(openStorage(directory, { encryption: given })).rejects.toMatchObject({
    ...{ code, parts: { why: expect.stringMatching(why), exit: 4 } },
  });
  expect(await bytesOf(directory)).toEqual(before);
});

test("a ring that was damaged anywhere, or is gone: refused", async () => {
  const directory = await encryptedFolder();
  const ring = join(directory, "keys.json");
  const bytes = await readFile(ring);
  for (let at = 0; at < bytes.length - 1; at += 7) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await writeFile(ring, changed);
    await expect(openStorage(directory, { encryption }), `byte ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/^(STORAGE_CORRUPT|ENCRYPTION_KEY_WRONG)$/),
    });
  }
  await rm(ring);
  await refused(directory, "STORAGE_CORRUPT", /its key ring is missing/);
  await refused(directory, "STORAGE_CORRUPT", /its key ring is missing/, { encryption: null });
});

// Every attacker can compute the CRC: a frame that is whole by it and does not open was changed, and is never a torn
// tail.
test("every bit of the last frame, its checksums made right again: corruption at its offset, and nothing is cut", async () => {
  const directory = await encryptedFolder();
  const segment = await readFile(wal(directory));
  const { offset, body } = lastFrame(segment);
  for (let at = 0; at < body.length; at += 3) {
    const changed = Uint8Array.from(body);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    await writeFile(wal(directory), withBody(segment, offset, changed));
    await expect(openStorage(directory, { encryption }), `byte ${at}`).rejects.toMatchObject({
      code: "STORAGE_CORRUPT",
      message: expect.stringContaining(`corrupt at offset ${offset}`),
    });
  }
  await writeFile(wal(directory), segment);
  expect(lastIndexOf(await openStorage(directory, { encryption }))).toBe(4);
});

test("an older last frame of the same length in the last one's place, under its number: refused", async () => {
  const directory = await encryptedFolder(5);
  const segment = await readFile(wal(directory));
  const frames = framesOf(segment);
  const [older, last] = [frames[1], frames[3]];
  if (older === undefined || last === undefined) throw new Error("four entries are four frames");
  expect(older.body.length).toBe(last.body.length);
  await writeFile(wal(directory), withBody(segment, last.offset, older.body));
  await refused(directory, "STORAGE_CORRUPT", /can't be decrypted/);
});

test("a whole segment of another node's folder with the same operator's key: refused", async () => {
  const [directory, other] = [await encryptedFolder(), await encryptedFolder()];
  await cp(wal(other), wal(directory));
  await refused(directory, "STORAGE_CORRUPT", /can't be decrypted|does not have/);
});

test("another node's whole folder under this one's meta.json: refused by the ring", async () => {
  const other = await encryptedFolder();
  const encrypted = { encryption, identity: { ...IDENTITY, nodeId: nodeId(2) } };
  const directory = await temporaryFolder();
  await (await openStorage(directory, encrypted)).close();
  for (const name of ["keys.json", "wal", "snap"]) {
    await rm(join(directory, name), { recursive: true });
    await cp(join(other, name), join(directory, name), { recursive: true });
  }
  await expect(openStorage(directory, encrypted)).rejects.toMatchObject({
    code: "STORAGE_IDENTITY_MISMATCH",
    parts: { why: expect.stringContaining("its key ring was made for node 1, this is 2") },
  });
});

test("a plain frame behind the encrypted ones: refused", async () => {
  const directory = await encryptedFolder();
  const segment = await readFile(wal(directory));
  const { end, sequence } = lastFrame(segment);
  const planted = encodeFrame(sequence + 1, [{ kind: "entry", group: FLEET_GROUP, entry: entry(5) }]);
  segment.set(planted, end);
  await writeFile(wal(directory), segment);
  await refused(directory, "STORAGE_CORRUPT", /it is plain, yet everything in this folder is encrypted/);
});

test("a plain snapshot in the encrypted one's place, an encrypted one that was cut, and one with a flipped bit: refused", async () => {
  const directory = await encryptedFolder();
  const plain = await temporaryFolder();
  const storage = await openStorage(plain);
  await storage.write(request({ entries: entries(1, 3), hardState: hardState(1, 1, 2) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(2));
  await storage.close();
  const [name = ""] = await readdir(join(directory, "snap"));
  const file = join(directory, "snap", name);
  const before = await readFile(file);
  await cp(join(plain, "snap", name), file);
  await refused(directory, "STORAGE_CORRUPT", /it is plain, yet everything in this folder is encrypted/);
  for (const length of [0, 20, 60, before.length - 17, before.length - 1]) {
    await writeFile(file, before.subarray(0, length));
    await refused(directory, "STORAGE_CORRUPT", /the newest snapshot can't be used/);
  }
  for (let at = 0; at < before.length; at += 5) {
    const changed = Buffer.from(before);
    changed.writeUInt8(changed.readUInt8(at) ^ 16, at);
    await writeFile(file, changed);
    await refused(directory, "STORAGE_CORRUPT", /the newest snapshot can't be used/);
  }
});

test("a whole plain folder in the encrypted one's place: refused without the operator's word", async () => {
  const directory = await temporaryFolder();
  await (await openStorage(directory)).close();
  const before = await bytesOf(directory);
  await refused(directory, "ENCRYPTION_NOT_BEGUN", /another user could have put plain files there/);
  expect(await bytesOf(directory)).toEqual(before);
});

test("encryption turned on: what was plain is read until it is compacted, and then nothing plain is", async () => {
  const directory = await temporaryFolder();
  const plain = await openStorage(directory, { segmentBytes: 1024 });
  for (const next of entries(1, 20))
    await plain.write(request({ entries: [next], hardState: hardState(1, 1, 0) }));
  await plain.write(request({ hardState: hardState(1, 1, 20) }));
  await plain.saveSnapshot(FLEET_GROUP, ownSnapshot(3));
  const before = entries(1, 20);
  await plain.close();
  const storage = await openStorage(directory, { encryption: { keys: OPERATOR_KEYS, existing: true } });
  // From the snapshot on, as after every start.
  expect(contents(storage.reader(FLEET_GROUP)).entries).toEqual(before.slice(3));
  expect(await storage.encryption()).toMatchObject({ isComplete: false, plainSnapshots: 1 });
  expect((await storage.encryption())?.plainSegments).toBeGreaterThan(1);
  for (const next of entries(21, 60))
    await storage.write(request({ entries: [next], hardState: hardState(1, 1, next.index) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(50));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(59));
  storage.compact(FLEET_GROUP, logIndex(59));
  await expect
    .poll(() => storage.encryption())
    .toMatchObject({ isComplete: true, plainSegments: 0, plainSnapshots: 0 });
  await storage.close();
  const again = await openStorage(directory, { encryption });
  expect(lastIndexOf(again)).toBe(60);
});

test("turned on, and killed before meta.json said so: nothing was encrypted yet, and the same word does it again", async () => {
  const directory = await temporaryFolder();
  const plain = await openStorage(directory);
  await plain.write(request({ entries: entries(1, 3), hardState: hardState(1, 1, 0) }));
  await plain.close();
  const meta = await readFile(join(directory, "meta.json"));
  const existing = { encryption: { keys: OPERATOR_KEYS, existing: true } };
  await (await openStorage(directory, existing)).close();
  await writeFile(join(directory, "meta.json"), meta);
  await refused(directory, "ENCRYPTION_NOT_BEGUN", /could have put plain files there/);
  const storage = await openStorage(directory, existing);
  expect(lastIndexOf(storage)).toBe(3);
  await storage.write(request({ entries: entries(4, 5) }));
  await storage.close();
  expect(lastIndexOf(await openStorage(directory, { encryption }))).toBe(5);
});

test("a rotated key encrypts from then on, the old one goes with its last file, and the ring takes the new operator's key", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory, { segmentBytes: 1024, encryption });
  for (const next of entries(1, 20))
    await storage.write(request({ entries: [next], hardState: hardState(1, 1, 0) }));
  const text = newKeyText();
  const keys = parseOperatorKeys(text, "a test");
  expect(await storage.rotateKeys(keys)).toBe(true);
  for (const next of entries(21, 40))
    await storage.write(request({ entries: [next], hardState: hardState(1, 1, next.index) }));
  const status = await storage.encryption();
  expect(status).toMatchObject({ operatorKeyId: keys.current.id, isComplete: true });
  expect(status?.keys.map(({ id }) => id)).toEqual([1, 2]);
  await storage.close();
  await refused(directory, "ENCRYPTION_KEY_WRONG", /given/);
  const reopened = await openStorage(directory, { encryption: { keys, existing: false } });
  expect(lastIndexOf(reopened)).toBe(40);
  await reopened.saveSnapshot(FLEET_GROUP, ownSnapshot(39));
  reopened.compact(FLEET_GROUP, logIndex(39));
  await expect.poll(async () => (await reopened.encryption())?.keys.map(({ id }) => id)).toEqual([2]);
  await reopened.close();
  expect(lastIndexOf(await openStorage(directory, { encryption: { keys, existing: false } }))).toBe(40);
});

test("a folder that is not encrypted has the bytes that it always had", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 2), hardState: hardState(1, 1, 0) }));
  await storage.close();
  expect(await readdir(directory)).not.toContain("keys.json");
  expect(JSON.parse(await readFile(join(directory, "meta.json"), "utf8"))).toMatchObject({ format: 1 });
  expect(await storage.encryption()).toBeNull();
  const records = [
    ...entries(1, 2).map((one) => ({ kind: "entry" as const, group: FLEET_GROUP, entry: one })),
    { kind: "hard-state" as const, group: FLEET_GROUP, hardState: hardState(1, 1, 0) },
  ];
  const frame = encodeFrame(1, records);
  expect((await readFile(wal(directory))).subarray(0, frame.length)).toEqual(Buffer.from(frame));
});

test("files of an encrypted folder are their user's alone", async () => {
  const directory = await encryptedFolder();
  await mkdir(join(directory, "other"));
  expect((await stat(join(directory, "keys.json"))).mode & 0o077).toBe(0);
});

interface Found {
  readonly offset: number;
  readonly end: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

function framesOf(segment: Uint8Array): readonly Found[] {
  const found: Found[] = [];
  const turn = turns("the last frame");
  for (let offset = 0; ; ) {
    turn();
    const read = readFrame(segment, offset);
    if (read.kind !== "frame") return found;
    found.push({ offset, end: read.end, sequence: read.sequence, body: Uint8Array.from(read.payload) });
    offset = read.end;
  }
}

function lastFrame(segment: Uint8Array): Found {
  const last = framesOf(segment).at(-1);
  if (last === undefined) throw new Error("the segment holds a frame");
  return last;
}

/** The segment with another payload in the frame there, whose checksums fit it. */
function withBody(segment: Uint8Array, offset: number, body: Uint8Array): Uint8Array {
  const read = readFrame(segment, offset);
  if (read.kind !== "frame") throw new Error("there is a frame");
  // An entry without data takes 30 bytes, and sealing adds its own; all of it is overwritten by the body.
  const data = new Uint8Array(body.length - SEAL_BYTES - 30);
  const records = [{ kind: "entry" as const, group: FLEET_GROUP, entry: { ...entry(1), data } }];
  const frame = encodeFrame(read.sequence, records, { seal: (room) => room.set(body) });
  expect(frame.length).toBe(read.end - offset);
  const changed = Uint8Array.from(segment);
  changed.set(frame, offset);
  return changed;
}
