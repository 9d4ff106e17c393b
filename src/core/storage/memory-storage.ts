// Storage for tests and simulations: as visible, as checked and as ordered as the disk's, durable at once.

import type { GroupId, LogIndex } from "../base/ids.ts";
import type { Snapshot } from "../raft/message.ts";
import { MemoryLog } from "./memory.ts";
import type { Storage, WriteRequest } from "./storage.ts";
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

  saveSnapshot(group: GroupId, snapshot: Snapshot): Promise<void> {
    const log = this.reader(group);
    if (snapshot.index > snapshotIndex(log)) log.setSnapshot(snapshot);
    return Promise.resolve();
  }

  compact(group: GroupId, through: LogIndex): void {
    this.reader(group).compact(through);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function snapshotIndex(log: MemoryLog): number {
  const snapshot = log.snapshot();
  return snapshot === "unavailable" ? 0 : snapshot.index;
}
