// The real storage with a checker that sees every write before the storage does.

import type { GroupId, LogIndex } from "../base/ids.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { DiskStorage } from "../storage/disk-storage.ts";
import type { OwnSnapshot, Storage, WriteRequest } from "../storage/storage.ts";

export class WatchedStorage implements Storage {
  readonly #storage: DiskStorage;
  readonly #onWrite: (request: WriteRequest) => void;

  constructor(storage: DiskStorage, onWrite: (request: WriteRequest) => void) {
    this.#storage = storage;
    this.#onWrite = onWrite;
  }

  groups(): readonly GroupId[] {
    return this.#storage.groups();
  }

  reader(group: GroupId): LogReader {
    return this.#storage.reader(group);
  }

  write(request: WriteRequest): Promise<void> {
    this.#onWrite(request);
    return this.#storage.write(request);
  }

  saveSnapshot(group: GroupId, snapshot: OwnSnapshot): Promise<void> {
    return this.#storage.saveSnapshot(group, snapshot);
  }

  evictSnapshot(group: GroupId): void {
    this.#storage.evictSnapshot(group);
  }

  isSnapshotLost(group: GroupId): boolean {
    return this.#storage.isSnapshotLost(group);
  }

  compact(group: GroupId, through: LogIndex): void {
    this.#storage.compact(group, through);
  }

  close(): Promise<void> {
    return this.#storage.close();
  }
}
