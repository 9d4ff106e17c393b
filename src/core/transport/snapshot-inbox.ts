// The port to the place where received snapshots are stored, part by part (storage/snapshot-spools.ts).

import type { GroupId } from "../base/ids.ts";
import type { SnapshotHead, StoredData } from "../raft/message.ts";

/** Identifies a snapshot: two with the same id have the same bytes. */
export interface IncomingSnapshot extends SnapshotHead {
  readonly group: GroupId;
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

export interface SnapshotInbox {
  /** How many bytes of it are here, from the first on. Makes room for the rest. */
  offer(snapshot: IncomingSnapshot): Promise<number>;
  /** How many bytes there is room for on its disk. */
  freeBytes(): Promise<number>;
  /** Discards the bytes that are here. */
  restart(snapshot: IncomingSnapshot): Promise<void>;
  /** Appends the bytes that follow the present ones. */
  add(snapshot: IncomingSnapshot, part: Uint8Array): Promise<void>;
  /**
   * All bytes are here and durable. If they do not match the announced SHA-256, removes them and returns
   * null.
   */
  finish(snapshot: IncomingSnapshot): Promise<StoredData | null>;
  /** The data of `finish` are not needed any more, unless a snapshot was made of them. */
  release(data: StoredData): Promise<void>;
}
