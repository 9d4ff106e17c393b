// The port between a Raft group and its replicated state. A machine is deterministic: the same entries at the
// same indexes give the same state and the same results on every replica.

import type { LogIndex } from "../../base/ids.ts";
import type { Slices } from "./slices.ts";

export interface Machine<Result> {
  /** How proposals share an entry; absent: each has its own. */
  readonly joining?: Joining<Result>;
  /**
   * Whether this build knows all that an entry's data name: what a peer sends is dropped otherwise. What must stay
   * true: if it is so, `apply` does not stop because of the build.
   */
  knows(data: Uint8Array): boolean;
  /**
   * Applies a committed entry's data; empty data (a new leader's no-op, a configuration change) changes
   * nothing. A large entry returns slices: it counts as applied after the last one. Until then it is
   * invisible, and no other entry is applied.
   */
  apply(index: LogIndex, data: Uint8Array): Result | null | Slices<Result>;
  /**
   * Drops the whole state, and an incomplete entry, and starts to load a snapshot. Until that ends nothing is
   * applied or captured. A second call starts anew, and the earlier returned object has no effect any more.
   */
  restore(index: LogIndex): Restoring;
  /** Starts to check that a snapshot can be restored, without changing the state. */
  check(index: LogIndex): Restoring;
  /**
   * Captures the state now, in O(1). The returned function encodes it later, a slice a turn, as often as it
   * is called.
   */
  capture(): () => AsyncIterable<Uint8Array>;
}

/** What must stay true: an entry of several proposals has the same effects as theirs, one after the other. */
export interface Joining<Result> {
  /** Of one entry: it is applied in one turn. */
  readonly bytesMax: number;
  readonly countMax: number;
  /** The entry's data, of two or more proposals. */
  join(proposals: readonly Uint8Array[]): Uint8Array;
  /** What one of `count` proposals came to, counted from 0. */
  partOf(result: Result, at: number, count: number): Result;
}

/** A snapshot that is loaded part by part, so that other work runs in between. */
export interface Restoring {
  /** Adds the next bytes, one slice. Throws an OperatorError when they are damaged. */
  add(part: Uint8Array): void;
  /** All bytes have arrived. Throws an OperatorError when they are not a whole snapshot. */
  finish(): void;
}
