// The virtual clock and everything that is still to happen. Time stands still while an event runs and jumps to the
// next one's moment. What must stay true: equal moments run in the order in which they were asked for, so that a
// run depends on its seed alone. Deliberately absent: the real clock.

import { assert, present } from "../base/assert.ts";

interface Event {
  readonly atUs: number;
  readonly sequence: number;
  readonly run: () => void;
}

const US_PER_MS = 1_000;

export class EventQueue {
  /** A binary heap: no event is later than its two children. */
  readonly #heap: Event[] = [];
  #sequence = 0;
  #nowUs = 0;
  #isStirred = false;

  /** Milliseconds since the start of the run, to the microsecond. */
  get nowMs(): number {
    return this.#nowUs / US_PER_MS;
  }

  after(ms: number, run: () => void): void {
    assert(ms >= 0, "nothing happens in the past");
    const atUs = this.#nowUs + Math.round(ms * US_PER_MS);
    this.#sequence += 1;
    this.#isStirred = true;
    this.#heap.push({ atUs, sequence: this.#sequence, run });
    this.#rise(this.#heap.length - 1);
  }

  /** A chain of promises is not at its end yet; so it is, too, when it asks for a later event. */
  stir(): void {
    this.#isStirred = true;
  }

  /** Whether anything stirred since this was asked last. */
  wasStirred(): boolean {
    const was = this.#isStirred;
    this.#isStirred = false;
    return was;
  }

  /** Runs the earliest event; false if there is none. */
  runNext(): boolean {
    const event = this.#heap[0];
    if (event === undefined) return false;
    const last = present(this.#heap.pop(), "a heap with a first event has a last one");
    if (last !== event) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    this.#nowUs = event.atUs;
    event.run();
    return true;
  }

  #rise(from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#swapIfEarlier(position, parent)) return;
      position = parent;
    }
  }

  #sink(from: number): void {
    let position = from;
    for (;;) {
      const left = 2 * position + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && isEarlier(this.#at(right), this.#at(left)) ? right : left;
      if (!this.#swapIfEarlier(child, position)) return;
      position = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [lower, upper] = [this.#at(child), this.#at(parent)];
    if (!isEarlier(lower, upper)) return false;
    this.#heap[child] = upper;
    this.#heap[parent] = lower;
    return true;
  }

  #at(position: number): Event {
    return present(this.#heap[position], "the position is within the heap");
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}
