// `fleet verify` as a process: its four exit codes, and that it leaves a folder as it was.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groupId, logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import { KeySpace } from "../../src/core/kv/key-space.ts";
import { encodeKeySpace } from "../../src/core/kv/snapshot.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { GroupsFile } from "../../src/core/storage/groups-file.ts";
import { PutRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { TestFleet } from "./local-fleet.ts";
import { IDENTITY, OPERATIONS, perform, SEGMENT_BYTES } from "./storage-workload.ts";

const KEYS = groupId(1);
const ENTRY = { index: logIndex(1), term: term(1), type: "normal", data: new Uint8Array() } as const;

let fleet: TestFleet;
let directory: string;

beforeAll(async () => {
  fleet = await TestFleet.empty();
  directory = await makeFolder();
  const storage = await open();
  // Up to an own snapshot: its data is the workload's, which no fleet could restore.
  for (const operation of OPERATIONS.slice(0, 12)) await perform(storage, operation);
  await storage.close();
});
afterAll(async () => {
  await fleet.dispose();
  await removeFolder(directory);
});

test("0: every file is sound, and stays as it is", async () => {
  const before = await bytesOf(directory);
  const ran = await fleet.run("verify", "--data", directory, "-o", "json");
  expect(ran.exit, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    kind: "Verification",
    clusterId: IDENTITY.clusterId,
    nodeId: "1",
    damaged: 0,
    files: [{ file: "meta.json", state: "ok" }, { file: "wal/0000000000000001.wal", state: "ok" }, {}],
  });
  expect(await bytesOf(directory)).toEqual(before);
});

test("9: a live process holds the folder", async () => {
  const storage = await open();
  try {
    const ran = await fleet.run("verify", "--data", directory);
    expect(ran).toMatchObject({ exit: 9, stderr: expect.stringContaining(`process ${process.pid}`) });
  } finally {
    await storage.close();
  }
});

test("3: no data folder", async () => {
  const ran = await fleet.run("verify", "--data", fleet.home);
  expect(ran).toMatchObject({ exit: 3, stderr: expect.stringContaining("NOT_A_DATA_FOLDER") });
});

test.each([
  { damage: 0, exit: 0, state: "ok", why: "a sound one" },
  { damage: 1, exit: 1, state: "damaged", why: "one whose rows are others than were encoded" },
])("the keys' snapshot is read as keys: $why", async ({ damage, exit, state }) => {
  const folder = await makeFolder();
  try {
    const storage = await DiskStorage.open({ directory: folder, identity: IDENTITY });
    const groups = await GroupsFile.open(folder);
    await groups.add([{ group: KEYS, kind: "keys", memory: "whole" }]);
    const space = new KeySpace();
    const value = new Uint8Array([0, 1, 2]);
    const put = PutRequest.fromPartial({ key: new Uint8Array([1]), value });
    space.apply({
      format: 2,
      atMs: 1,
      operations: [{ kind: { $case: "put", value: put }, leasesSeenAt: 0 }],
    });
    const parts = [...encodeKeySpace(space.capture())].map((part) => part.slice());
    const rows = parts[1];
    const at = rows?.findIndex((byte, from) => byte === 1 && rows[from + 1] === 2) ?? -1;
    if (rows !== undefined) rows[at] = (rows[at] ?? 0) ^ (damage * 4);
    const encode = async function* encode() {
      yield* parts;
    };
    const confState = onlyVoters([nodeId(1)]);
    await storage.write({ group: KEYS, entries: [ENTRY], hardState: null, snapshot: null });
    await storage.saveSnapshot(KEYS, { index: ENTRY.index, term: ENTRY.term, confState, encode });
    await storage.close();
    const ran = await fleet.run("verify", folder, "-o", "json");
    expect(ran.exit, ran.stdout).toBe(exit);
    const { files } = JSON.parse(ran.stdout) as { files: { file: string; state: string; found: string }[] };
    expect(files.find(({ file }) => file.startsWith("snap/"))).toMatchObject({ state });
    if (damage === 0) expect(files.map(({ found }) => found)).toContain("group 1 (keys) at index 1, term 1");
  } finally {
    await removeFolder(folder);
  }
});

test("1: a damaged file, where, and what to do", async () => {
  const file = join(directory, "wal", "0000000000000001.wal");
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(100) ^ 8, 100);
  await writeFile(file, bytes);
  const ran = await fleet.run("verify", "--data", directory);
  expect(ran.exit).toBe(1);
  expect(ran.stdout).toMatch(
    /wal\/0000000000000001\.wal\s+\S+ damaged\s+\d+\s+the frame there can't be read/,
  );
  expect(ran.stdout).toContain("1 of 3 files damaged");
  expect(ran.stdout).toContain("Move the data folder away");
});

function open(): Promise<DiskStorage> {
  return DiskStorage.open({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
}

/** Every file's bytes by its path. */
async function bytesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(file, "base64")] as const)),
  );
}
