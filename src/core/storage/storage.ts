// The port to stable storage: one per process, shared by all Raft groups. Reading is synchronous from memory
// (a group's uncompacted tail is small); writing is a queue that one sync covers per batch (group commit).
// What must stay true: a promise of `write` or `saveSnapshot` resolves only after the sync that covers it. Only a
// commit index that moved alone is covered by none of its own: its write resolves once all before it are durable.

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

/** A snapshot of the applied state, whose data need not fit into memory at once. */
export interface OwnSnapshot extends SnapshotHead {
  /** Encodes the data, part by part, as often as it is called: a full disk is tried again. */
  readonly encode: () => AsyncIterable<Uint8Array>;
}

export interface Storage {
  /** The group's log; an unknown group is empty. */
  reader(group: GroupId): LogReader;
  /** Visible to the reader at once, durable when the promise resolves. A rejection is final: the node must stop. */
  write(request: WriteRequest): Promise<void>;
  /** Makes a snapshot of the applied state durable (temporary file, sync, rename, directory sync). */
  saveSnapshot(group: GroupId, snapshot: OwnSnapshot): Promise<void>;
  /** Its data are restored or sent: the group's newest snapshot may leave memory, and is fetched when it is asked for. */
  shelveSnapshot(group: GroupId): void;
  /** The newest snapshot's data were asked for and could not be fetched: a new one, also at its index, is due. */
  isSnapshotLost(group: GroupId): boolean;
  /** Forgets entries up to and including `through`, which a durable snapshot must cover. */
  compact(group: GroupId, through: LogIndex): void;
  close(): Promise<void>;
}
