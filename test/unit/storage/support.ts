// What the storage tests share: a folder per test that is gone afterwards, and short builders of log data.

import { expect, onTestFinished } from "vitest";
import type { FileSystem } from "../../../src/core/base/file-system.ts";
import { FLEET_GROUP, type GroupId, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { LogReader } from "../../../src/core/raft/log-reader.ts";
import type { ConfState, Entry, HardState, Snapshot, WholeSnapshot } from "../../../src/core/raft/message.ts";
import { newKeyText, type OperatorKeys, parseOperatorKeys } from "../../../src/core/seal/operator-keys.ts";
import { DiskStorage } from "../../../src/core/storage/disk-storage.ts";
import { diskWorld } from "../../../src/core/storage/disk-world.ts";
import type { EncryptionChoice } from "../../../src/core/storage/folder-keys.ts";
import type { DiskStorageOptions } from "../../../src/core/storage/open-parts.ts";
import type { OwnSnapshot, WriteRequest } from "../../../src/core/storage/storage.ts";
import type { StorageWorld } from "../../../src/core/storage/storage-world.ts";

export const IDENTITY = { clusterId: "c-test", nodeId: nodeId(1) };

export const OPERATOR_KEYS = parseOperatorKeys(newKeyText(), "a test");
const ENCRYPTED: EncryptionChoice = { keys: OPERATOR_KEYS, existing: false };
let byDefault: EncryptionChoice | null = null;

/** From now on this test file's folders are encrypted: the same tests, over another storage. */
export function encryptFolders(): void {
  byDefault = ENCRYPTED;
}

/** The keys of this test file's folders, for what reads them offline. */
export const folderKeys = (): OperatorKeys | null => byDefault?.keys ?? null;

/** Opens with small segments; closed when the test ends, unless it was closed before. */
export async function openStorage(
  directory: string,
  options: Partial<DiskStorageOptions> = {},
): Promise<DiskStorage> {
  const storage = await DiskStorage.open({
    ...{ directory, identity: IDENTITY, segmentBytes: 16_384, encryption: byDefault },
    ...options,
  });
  onTestFinished(() => storage.close().catch(() => undefined));
  return storage;
}

export function entry(index: number, atTerm = 1, data = `e${index}@${atTerm}`): Entry {
  return { index: logIndex(index), term: term(atTerm), type: "normal", data: new TextEncoder().encode(data) };
}

/** Entries from..to, both included. */
export function entries(from: number, to: number, atTerm = 1): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => entry(from + offset, atTerm));
}

export function hardState(atTerm: number, vote: number, commit: number): HardState {
  return { term: term(atTerm), vote: nodeId(vote), commit: logIndex(commit) };
}

export const CONF_STATE: ConfState = {
  voters: [nodeId(1), nodeId(2)],
  learners: [nodeId(4)],
  votersOutgoing: [nodeId(1), nodeId(3)],
  learnersNext: [nodeId(3)],
  autoLeave: true,
};

export function snapshot(index: number, atTerm = 1, data = `s${index}`): WholeSnapshot {
  const bytes = new TextEncoder().encode(data);
  return { index: logIndex(index), term: term(atTerm), confState: CONF_STATE, data: bytes };
}

/** As a replica hands its own to the storage: encoded when it is written. */
export function ownSnapshot(index: number, atTerm = 1, data = `s${index}`): OwnSnapshot {
  const { data: bytes, ...head } = snapshot(index, atTerm, data);
  const encode = async function* () {
    yield* [bytes.subarray(0, 1), bytes.subarray(1)];
  };
  return { ...head, encode };
}

export function request(parts: Partial<WriteRequest>): WriteRequest {
  return { group: FLEET_GROUP, hardState: null, entries: [], snapshot: null, ...parts };
}

/** The newest snapshot, however often it must be asked for. */
export async function newestSnapshot(reader: LogReader): Promise<Snapshot> {
  const find = () => reader.snapshot();
  await expect.poll(find).not.toBe("unavailable");
  const found = find();
  if (found === "unavailable") throw new Error("what was fetched stays until it is shelved");
  return found;
}

/** Everything that a reader shows, for comparison. */
export function contents(reader: LogReader) {
  const range = reader.entries(
    reader.firstIndex(),
    logIndex(reader.lastIndex() + 1),
    Number.MAX_SAFE_INTEGER,
  );
  return {
    ...reader.initialState(),
    first: reader.firstIndex(),
    entries: range,
    snapshot: reader.snapshot(),
  };
}

/** The machine's world, but for how files of the log are opened. */
export function worldWith(openSynced: FileSystem["openSynced"]): StorageWorld {
  return { ...diskWorld, files: { ...diskWorld.files, openSynced } };
}

export const lastIndexOf = (storage: DiskStorage, group: GroupId = FLEET_GROUP): number =>
  storage.reader(group).lastIndex();
