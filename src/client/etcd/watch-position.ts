// How far a watch has come. What must stay true: an event is shown once, even if the server repeats it after a
// reconnect. The next stream begins behind the last revision that was seen whole. Pure.
import type { WatchResponse } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";

export class WatchPosition {
  /** Null: the server has not said yet at which revision the watch began. */
  #next: number | null;

  /** `from`: the first revision to show; null: what comes after the watch began. */
  constructor(from: number | null) {
    this.#next = from;
  }

  /** For the next stream's request; 0 lets the server choose its own. */
  get startRevision(): number {
    return this.#next ?? 0;
  }

  /** The last revision that was seen whole; null: none is known. */
  get seenRevision(): number | null {
    return this.#next === null ? null : this.#next - 1;
  }

  /** The events of a response that are new. Without fragments all events of a revision come in one response. */
  take({ created, header, events }: WatchResponse): readonly Event[] {
    const at = header?.revision ?? 0;
    if (created) {
      // A watch that asked for a revision has not seen what lies between it and the header's.
      this.#next ??= at + 1;
      return [];
    }
    const from = this.#next ?? 0;
    const fresh = events.filter(({ kv }) => (kv?.modRevision ?? 0) >= from);
    const last = events.reduce((max, { kv }) => Math.max(max, kv?.modRevision ?? 0), 0);
    // A response without events is a progress notification: everything up to its revision was sent.
    this.#next = Math.max(from, (events.length === 0 ? at : last) + 1);
    return fresh;
  }
}
