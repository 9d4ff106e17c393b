// The calls and returns of the operations that are not yet placed, as a doubly linked list in their order.
// Removing and restoring an operation are O(1), so that a search can backtrack cheaply (Wing & Gong 1993,
// Lowe 2017). What must stay true: operations are restored in the reverse order of their removal.
// Deliberately absent: operations that never returned, because no return forces them into an order.

import { assert, present } from "../base/assert.ts";

/** An entry's number; entries are numbered in their order. `END` follows the last one and precedes the first. */
type Entry = number;
export const END: Entry = 0;

/** From an operation's call to its return, as places in the order of events. */
export interface Span {
  readonly call: number;
  readonly returned: number;
}

export class EntryList {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The operation of each entry, as its index in the spans. */
  readonly #operations: Int32Array;
  /** The return of each call; END for the returns. */
  readonly #returns: Int32Array;

  constructor(spans: readonly Span[]) {
    const events = inOrder(spans);
    const size = events.length + 1;
    this.#next = Int32Array.from({ length: size }, (_, entry) => (entry + 1) % size);
    this.#previous = Int32Array.from({ length: size }, (_, entry) => (entry + size - 1) % size);
    this.#operations = Int32Array.from([-1, ...events.map(({ operation }) => operation)]);
    this.#returns = new Int32Array(size).fill(END);
    const callOf = new Map<number, Entry>();
    for (const [index, { operation, isCall }] of events.entries()) {
      if (isCall) callOf.set(operation, index + 1);
      else this.#returns[present(callOf.get(operation), "a call precedes its return")] = index + 1;
    }
  }

  first(): Entry {
    return at(this.#next, END);
  }

  next(entry: Entry): Entry {
    return at(this.#next, entry);
  }

  isCall(entry: Entry): boolean {
    return at(this.#returns, entry) !== END;
  }

  operation(entry: Entry): number {
    assert(entry !== END, "the end of the list is no operation's");
    return at(this.#operations, entry);
  }

  /** Removes an operation from the list. */
  lift(call: Entry): void {
    assert(this.isCall(call), "an operation is taken out by its call");
    this.#unlink(call);
    this.#unlink(at(this.#returns, call));
  }

  /** Restores the operation that was removed last. */
  unlift(call: Entry): void {
    this.#relink(at(this.#returns, call));
    this.#relink(call);
  }

  #unlink(entry: Entry): void {
    this.#next[at(this.#previous, entry)] = at(this.#next, entry);
    this.#previous[at(this.#next, entry)] = at(this.#previous, entry);
  }

  #relink(entry: Entry): void {
    assert(this.next(at(this.#previous, entry)) === at(this.#next, entry), "last out, first in");
    this.#next[at(this.#previous, entry)] = entry;
    this.#previous[at(this.#next, entry)] = entry;
  }
}

interface Event {
  readonly operation: number;
  readonly isCall: boolean;
  readonly place: number;
}

function inOrder(spans: readonly Span[]): readonly Event[] {
  const events = spans.flatMap(({ call, returned }, operation): Event[] => {
    assert(call <= returned, "an operation returns after its call");
    return [
      { operation, isCall: true, place: call },
      { operation, isCall: false, place: returned },
    ];
  });
  // At the same place calls come before returns: operations that may have overlapped count as concurrent.
  return events.sort((a, b) => a.place - b.place || Number(b.isCall) - Number(a.isCall));
}

function at(numbers: Int32Array, index: number): number {
  const value = numbers[index];
  assert(value !== undefined, "an entry is within the list");
  return value;
}
