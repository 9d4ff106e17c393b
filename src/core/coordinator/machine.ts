// The port between a Raft group and what it replicates. A machine is deterministic: the same entries at the same
// indexes give the same state and the same results on every replica.

import type { LogIndex } from "../base/ids.ts";

export interface Machine<Result> {
  /** Applies a committed entry's data; empty data (a new leader's no-op, a configuration change) changes nothing. */
  apply(index: LogIndex, data: Uint8Array): Result | null;
  /** Replaces the whole state by a snapshot's. Throws an OperatorError when the data is damaged. */
  restore(index: LogIndex, data: Uint8Array): void;
  /** Captures the state now, in O(1); the returned function encodes it later, a slice a turn, as often as it is called. */
  capture(): () => AsyncIterable<Uint8Array>;
}
