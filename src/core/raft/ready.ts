// The work that a replica hands to its driver, in the required order: make hard state, entries and snapshot
// durable, send messages, apply committed entries. Data only.

import type { NodeId } from "../base/ids.ts";
import type { Role } from "./core.ts";
import type { Entry, HardState, Message, Snapshot } from "./message.ts";
import type { ReadState } from "./read-only.ts";

/** Volatile state that other parts want to know; never stored. */
export interface SoftState {
  /** 0 = none known. */
  readonly leader: NodeId;
  readonly role: Role;
}

export interface Ready {
  /** Null = unchanged since the last Ready. The same holds for the hard state. */
  readonly softState: SoftState | null;
  readonly hardState: HardState | null;
  readonly readStates: readonly ReadState[];
  /** Entries to append to the stable log. They replace everything from the first one's index on. */
  readonly entries: readonly Entry[];
  /** Replaces the whole stable log. */
  readonly snapshot: Snapshot | null;
  readonly committedEntries: readonly Entry[];
  /**
   * Messages to send. With asynchronous storage writes the last ones are the work for the two storage
   * threads.
   */
  readonly messages: readonly Message[];
  /**
   * Whether entries or hard state must be synced before the messages are sent. A commit index alone need not
   * be.
   */
  readonly mustSync: boolean;
}
