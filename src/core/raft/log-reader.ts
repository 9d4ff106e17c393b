// What the core reads of the stable log. The storage room and the conformance driver implement it. The core
// never writes through it: what must be written is in a Ready (or a MsgStorageAppend).

import type { LogIndex, Term } from "../base/ids.ts";
import type { ConfState, Entry, HardState, Snapshot } from "./message.ts";

export type Unreadable = "compacted" | "unavailable";

export interface LogReader {
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /** The first index whose entry can be read: the snapshot's index + 1. */
  firstIndex(): LogIndex;
  lastIndex(): LogIndex;
  /** Also known for firstIndex() - 1. */
  term(index: LogIndex): Term | Unreadable;
  /** Entries in [low, high), cut to `bytesMax` but at least one. */
  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | Unreadable;
  /** The newest snapshot to send to a follower; "unavailable" = not now, ask again later. */
  snapshot(): Snapshot | "unavailable";
}
