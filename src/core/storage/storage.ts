// The port to stable storage: one per process, shared by all Raft groups. Reads are synchronous from memory
// (a group's uncompacted tail is small). Writes are queued, and one sync covers a whole batch (group commit).
// What must stay true: a promise of `write` or `saveSnapshot` resolves only after the sync that covers it.
// The one exception is a commit index that moved alone: its write resolves once all writes before it are
// durable.

import type { GroupId, LogIndex } from "../base/ids.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Entry, HardState, Snapshot, SnapshotHead } from "../raft/message.ts";

/** One group's changes to make durable together. Absent parts are unchanged. */
export interface WriteRequest {
  readonly group: GroupId;
  readonly hardState: HardState | null;
  /** Replaces everything from entries[0].index on. */
  readonly entries: readonly Entry[];
  /** Received from a leader: replaces the whole log and becomes the newest snapshot. */
  readonly snapshot: Snapshot | null;
}

/** A snapshot of the applied state; its data may be larger than memory. */
export interface OwnSnapshot extends SnapshotHead {
  /** Encodes the data part by part. It may be called again: a snapshot is retried while the disk is full. */
  readonly encode: () => AsyncIterable<Uint8Array>;
}

export interface Storage {
  /** The group's log; an unknown group is empty. */
  reader(group: GroupId): LogReader;
  /** Visible to the reader at once, durable when the promise resolves. A rejection is final: the node must stop. */
  write(request: WriteRequest): Promise<void>;
  /** Makes a snapshot of the applied state durable (temporary file, sync, rename, directory sync). */
  saveSnapshot(group: GroupId, snapshot: OwnSnapshot): Promise<void>;
  /**
   * The data were restored or sent: the group's newest snapshot may leave memory. A later request fetches it
   * from the disk.
   */
  evictSnapshot(group: GroupId): void;
  /** A fetch of the newest snapshot's data failed: a new snapshot is due, even at the same index. */
  isSnapshotLost(group: GroupId): boolean;
  /** Removes entries up to and including `through`, which a durable snapshot must cover. */
  compact(group: GroupId, through: LogIndex): void;
  close(): Promise<void>;
}
