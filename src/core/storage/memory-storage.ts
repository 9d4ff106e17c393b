// Storage for tests and simulations. Visibility, checks and order are the same as on disk; writes are durable
// at once.

import type { GroupId, LogIndex } from "../base/ids.ts";
import { wholeOf } from "./chunks.ts";
import { MemoryLog } from "./memory.ts";
import type { OwnSnapshot, Storage, WriteRequest } from "./storage.ts";
import { applyToLog } from "./write-request.ts";

export class MemoryStorage implements Storage {
  readonly #logs = new Map<GroupId, MemoryLog>();

  reader(group: GroupId): MemoryLog {
    const known = this.#logs.get(group);
    if (known !== undefined) return known;
    const log = new MemoryLog();
    this.#logs.set(group, log);
    return log;
  }

  write(request: WriteRequest): Promise<void> {
    applyToLog(this.reader(request.group), request);
    return Promise.resolve();
  }

  async saveSnapshot(group: GroupId, { encode, ...head }: OwnSnapshot): Promise<void> {
    const data = await wholeOf(encode());
    const log = this.reader(group);
    if (head.index > log.snapshotHead.index) log.setSnapshot({ ...head, data });
  }

  /** The data are only in memory, so they stay there. */
  evictSnapshot(): void {}

  isSnapshotLost(): boolean {
    return false;
  }

  compact(group: GroupId, through: LogIndex): void {
    this.reader(group).compact(through);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
