// How much work one replica accepts, in one place because the numbers depend on each other.

import { assert } from "../../base/assert.ts";
import { OUTCOMES_PER_SESSION_MAX } from "../../fleet/limits.ts";
import { SEGMENT_BYTES, SEGMENTS_KEPT } from "../../storage/data-directory.ts";
import { STREAM_WRITES_MAX } from "../../wire/write-limits.ts";

const KILOBYTE = 1024;
const MEGABYTE = 1024 * KILOBYTE;

export const LIMITS = {
  /** Proposals that wait to be applied. */
  pendingWritesMax: 4_096,
  /** Linearizable reads that wait for their confirmation, and reads that wait for an index. */
  pendingReadsMax: 16_384,
  /** Raft's own limits (raft/raft-config.ts). */
  messageBytesMax: MEGABYTE,
  inflightMessagesMax: 256,
  inflightBytesMax: 16 * MEGABYTE,
  uncommittedBytesMax: 32 * MEGABYTE,
  /**
   * The bytes that are applied and answered in one turn of the event loop, if it is more than one entry: some
   * hundred small writes. A large entry, such as a full batch of moves, is handed out alone and applied over
   * several turns (ADR-0022).
   */
  committedBytesPerReadyMax: 64 * KILOBYTE,
  /**
   * Payload of entries between two snapshots: the log's tail is in memory. Large batches reach this limit, and
   * puts that share an entry. Small writes do not.
   */
  snapshotEveryBytes: 8 * MEGABYTE,
  /** How many times as far apart the snapshots of a large state may be. */
  snapshotStretchMax: 4,
  /** Payload of entries that are kept behind a snapshot. */
  trailingBytes: 4 * MEGABYTE,
  /**
   * Log that is kept for followers that receive a snapshot: at least a minute of writes at full rate
   * (ADR-0019).
   */
  heldLogBytesMax: 64 * MEGABYTE,
} as const;

// A group that needs entries of older segments is asked for a snapshot. All replicas open a segment at about the same entry,
// so all would save at once.
assert(
  LIMITS.snapshotEveryBytes * LIMITS.snapshotStretchMax + LIMITS.trailingBytes <
    (SEGMENTS_KEPT - 1) * SEGMENT_BYTES,
  "a large state is saved before its log fills the segments that are kept",
);
// One client alone never meets the limit, however many writes its session allows it.
assert(OUTCOMES_PER_SESSION_MAX <= LIMITS.pendingWritesMax, "a session's writes may all wait");
assert(STREAM_WRITES_MAX <= LIMITS.pendingWritesMax, "a stream's writes may all wait");
// Reads cost less than writes. When writes are refused, operators must still be able to read.
assert(LIMITS.pendingReadsMax >= LIMITS.pendingWritesMax, "reads are refused after writes");
assert(LIMITS.uncommittedBytesMax >= LIMITS.inflightBytesMax, "what may wait can fill a follower's window");
assert(
  LIMITS.uncommittedBytesMax >= LIMITS.committedBytesPerReadyMax,
  "what is applied at once may have waited",
);
assert(LIMITS.inflightBytesMax >= LIMITS.messageBytesMax, "a message fits the window");
