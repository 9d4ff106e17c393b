// The watches that get new events as they come, found by key. Watches of the same key or range are found together and
// share one list of events. So a thousand watchers of one prefix cost one comparison and one list. Events are sorted by
// key first. So a range finds its own in a few steps, however many events there are.

import { present } from "../../../base/assert.ts";
import { compareBytes, type KeyRange, rangeOf, textOf } from "../../../kv/key-bytes.ts";
import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import type { Watch } from "./watch.ts";

interface WatchedRange {
  readonly range: KeyRange;
  readonly watches: Set<Watch>;
}

/** Events that concern one key or range. */
export interface Match {
  readonly count: number;
  /** Of the same key or range. Watches may come and go meanwhile. */
  readonly watches: ReadonlySet<Watch>;
  /** In the order in which they happened. Makes the list. */
  readonly events: () => readonly Event[];
}

export class WatchedKeys {
  readonly #keys = new Map<string, Set<Watch>>();
  readonly #ranges = new Map<string, WatchedRange>();

  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#ranges.size === 0;
  }

  add(watch: Watch): void {
    const { key, rangeEnd } = watch;
    const range = rangeOf(key, rangeEnd);
    if (range === null) {
      const text = textOf(key);
      const watches = this.#keys.get(text) ?? new Set();
      this.#keys.set(text, watches.add(watch));
      return;
    }
    const name = nameOf(range);
    const watched = this.#ranges.get(name) ?? { range, watches: new Set() };
    watched.watches.add(watch);
    this.#ranges.set(name, watched);
  }

  remove(watch: Watch): void {
    const { key, rangeEnd } = watch;
    const range = rangeOf(key, rangeEnd);
    const name = range === null ? textOf(key) : nameOf(range);
    const rows = range === null ? this.#keys : this.#ranges;
    const watches = range === null ? this.#keys.get(name) : this.#ranges.get(name)?.watches;
    watches?.delete(watch);
    if (watches?.size === 0) rows.delete(name);
  }

  /** Which keys and ranges some events concern. */
  *matching(events: readonly Event[]): Generator<Match, void, undefined> {
    if (this.#keys.size > 0) yield* this.#ofKeys(events);
    if (this.#ranges.size > 0) yield* this.#ofRanges(events);
  }

  *all(): Generator<Watch, void, undefined> {
    for (const watches of this.#keys.values()) yield* watches;
    for (const { watches } of this.#ranges.values()) yield* watches;
  }

  *#ofKeys(events: readonly Event[]): Generator<Match, void, undefined> {
    const found = new Map<Set<Watch>, Event[]>();
    for (const event of events) {
      const watches = this.#keys.get(textOf(keyOf(event)));
      if (watches === undefined) continue;
      const known = found.get(watches);
      if (known === undefined) found.set(watches, [event]);
      else known.push(event);
    }
    for (const [watches, own] of found) yield { count: own.length, watches, events: () => own };
  }

  *#ofRanges(events: readonly Event[]): Generator<Match, void, undefined> {
    const sorted = events.map((event, at) => ({ event, at, key: keyOf(event) }));
    sorted.sort((a, b) => compareBytes(a.key, b.key));
    const firstFrom = (key: Uint8Array): number => {
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareBytes(present(sorted[middle], "it is within").key, key) < 0) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    for (const { range, watches } of this.#ranges.values()) {
      const first = firstFrom(range.from);
      const end = range.to === null ? sorted.length : firstFrom(range.to);
      const count = end - first;
      if (count <= 0) continue;
      const own = () => sorted.slice(first, end).sort((a, b) => a.at - b.at);
      yield {
        ...{ count, watches },
        events: () => (count === events.length ? events : own().map(({ event }) => event)),
      };
    }
  }
}

const keyOf = ({ kv }: Event): Uint8Array => present(kv, "an event has a key").key;

/** Two different ranges never have the same name. */
const nameOf = ({ from, to }: KeyRange): string =>
  `${from.length} ${textOf(from)} ${to === null ? "-" : `+${textOf(to)}`}`;
