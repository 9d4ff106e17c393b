// Reads history for watches that are behind. The last read is kept for the next watch that asks for the same. A thousand
// watchers of one prefix fall behind together, and share lists of events as they share news.

import type { EventsSince } from "../../../kv/events.ts";
import { compareBytes } from "../../../kv/key-bytes.ts";
import { MESSAGE_BYTES_MAX } from "../../../wire/channel-options.ts";
import type { KeysView } from "../../group/keys-machine.ts";
import type { Watch } from "./watch.ts";

/** What one watch reads of history at once. */
const EVENTS_AT_ONCE_MAX = 512;
const BYTES_AT_ONCE_MAX = 1024 * 1024;
/** Half of the largest message: a revision with more is told in parts. */
const REVISION_BYTES_MAX = MESSAGE_BYTES_MAX / 2;

type Wanted = Pick<Watch, "key" | "rangeEnd" | "next" | "nextSub" | "prevKv" | "noPut" | "noDelete">;

interface LastRead {
  readonly space: KeysView;
  readonly wanted: Wanted;
  readonly read: EventsSince;
}

export class HistoryReads {
  #last: LastRead | null = null;

  /** Events from the watch's next revision on, or that they were compacted. */
  read(space: KeysView, watch: Watch): EventsSince {
    const { key, rangeEnd, next, nextSub, prevKv, noPut, noDelete } = watch;
    const wanted = { key, rangeEnd, next, nextSub, prevKv, noPut, noDelete };
    // Later writes do not change what was read, and a compaction changes only whether it may be.
    if (this.#last !== null && this.#last.space === space && next >= space.compactRevision) {
      if (isSame(this.#last.wanted, wanted)) return this.#last.read;
    }
    const most = { eventsMax: EVENTS_AT_ONCE_MAX, bytesMax: BYTES_AT_ONCE_MAX };
    const watching = { sub: nextSub, revisionBytesMax: REVISION_BYTES_MAX, noPut, noDelete };
    const read = space.eventsSince({ revision: next, key, rangeEnd, prevKv, watching, ...most });
    this.#last = read.ok && read.events.length > 0 ? { space, wanted, read } : null;
    return read;
  }

  /** No watch is behind: what was read is freed. */
  forget(): void {
    this.#last = null;
  }
}

function isSame(left: Wanted, right: Wanted): boolean {
  return (
    left.next === right.next &&
    left.nextSub === right.nextSub &&
    left.prevKv === right.prevKv &&
    left.noPut === right.noPut &&
    left.noDelete === right.noDelete &&
    compareBytes(left.key, right.key) === 0 &&
    compareBytes(left.rangeEnd, right.rangeEnd) === 0
  );
}
