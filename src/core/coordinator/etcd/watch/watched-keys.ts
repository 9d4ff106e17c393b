// The watches that get new events as they come, found by key. Watches of the same range are found together, so that a
// thousand watchers of one prefix cost one comparison.

import { concerns, type KeyRange, rangeOf, textOf } from "../../../kv/key-bytes.ts";
import type { Watch } from "./watch.ts";

interface WatchedRange {
  readonly range: KeyRange;
  readonly watches: Set<Watch>;
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

  *of(key: Uint8Array): Generator<Watch, void, undefined> {
    yield* this.#keys.get(textOf(key)) ?? [];
    for (const { range, watches } of this.#ranges.values()) {
      if (concerns(range.from, range, key)) yield* watches;
    }
  }

  *all(): Generator<Watch, void, undefined> {
    for (const watches of this.#keys.values()) yield* watches;
    for (const { watches } of this.#ranges.values()) yield* watches;
  }
}

/** Two different ranges never have the same name. */
const nameOf = ({ from, to }: KeyRange): string =>
  `${from.length} ${textOf(from)} ${to === null ? "-" : `+${textOf(to)}`}`;
