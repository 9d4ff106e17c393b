// A binary heap: the item with the earliest deadline first. Items may be in it more than once; the caller knows which
// entry still counts.

import { assert } from "../base/assert.ts";

export interface Deadline<Item> {
  readonly item: Item;
  readonly deadlineMs: number;
}

export class DeadlineHeap<Item> {
  /** Each entry is due no later than those at twice its place, plus one and plus two. */
  readonly #entries: Deadline<Item>[] = [];

  first(): Deadline<Item> | null {
    return this.#entries[0] ?? null;
  }

  add(item: Item, deadlineMs: number): void {
    const entry = { item, deadlineMs };
    let at = this.#entries.length;
    this.#entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (this.#at(above) <= deadlineMs) break;
      this.#entries[at] = this.#entries[above] as Deadline<Item>;
      at = above;
    }
    this.#entries[at] = entry;
  }

  /** Removes the first one. */
  take(): void {
    const last = this.#entries.pop();
    assert(last !== undefined, "an empty heap has no first entry");
    const { length } = this.#entries;
    if (length === 0) return;
    let at = 0;
    for (let below = 1; below < length; below = 2 * at + 1) {
      const earlier = this.#at(below + 1) < this.#at(below) ? below + 1 : below;
      if (last.deadlineMs <= this.#at(earlier)) break;
      this.#entries[at] = this.#entries[earlier] as Deadline<Item>;
      at = earlier;
    }
    this.#entries[at] = last;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #at(place: number): number {
    return this.#entries[place]?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }
}
