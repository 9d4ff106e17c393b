// The port to where snapshots are put on their way in, part by part (storage/snapshot-spools.ts).

import type { GroupId } from "../base/ids.ts";
import type { SnapshotHead, StoredData } from "../raft/message.ts";

/** Which snapshot: two with the same id have the same bytes. */
export interface IncomingSnapshot extends SnapshotHead {
  readonly group: GroupId;
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

export interface SnapshotInbox {
  /** How many bytes of it are here, from the first on. Makes room for it. */
  offer(snapshot: IncomingSnapshot): Promise<number>;
  /** What is here of it is thrown away. */
  restart(snapshot: IncomingSnapshot): Promise<void>;
  /** The bytes behind those that are here. */
  add(snapshot: IncomingSnapshot, part: Uint8Array): Promise<void>;
  /** All came, and are durable. Null, and nothing is left, if they are not those that were announced. */
  finish(snapshot: IncomingSnapshot): Promise<StoredData | null>;
  /** What `finish` gave is needed no more, unless a snapshot was made of it. */
  release(data: StoredData): Promise<void>;
}
