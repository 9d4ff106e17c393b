// The port between a Raft group and what it replicates. A machine is deterministic: the same entries at the same
// indexes give the same state and the same results on every replica.

import type { LogIndex } from "../../base/ids.ts";
import type { Slices } from "./slices.ts";

export interface Machine<Result> {
  /**
   * Applies a committed entry's data; empty data (a new leader's no-op, a configuration change) changes nothing. A large
   * entry comes back as slices: it is applied once they are whole, and until then nothing of it shows and no other is.
   */
  apply(index: LogIndex, data: Uint8Array): Result | null | Slices<Result>;
  /**
   * Gives up the whole state, with an entry that is not whole, and begins to take in a snapshot's. Until that is finished nothing is applied and nothing
   * captured. Called again before that, it begins anew, and what it returned before has no effect any more.
   */
  restore(index: LogIndex): Restoring;
  /** Begins to check that a snapshot can be restored, beside the state. */
  check(index: LogIndex): Restoring;
  /** Captures the state now, in O(1); the returned function encodes it later, a slice a turn, as often as it is called. */
  capture(): () => AsyncIterable<Uint8Array>;
}

/** A snapshot that is taken in, part by part, so that others are served between two of them. */
export interface Restoring {
  /** The next bytes, a slice's worth. Throws an OperatorError when they are damaged. */
  add(part: Uint8Array): void;
  /** All bytes came. Throws an OperatorError when they are not a whole snapshot. */
  finish(): void;
}
