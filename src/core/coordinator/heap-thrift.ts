// How much room V8 takes for this replica's heap: little while few entries are applied, all that makes it quick while many
// are. By itself V8 lets garbage grow to the size of what is alive, and keeps the pages that it has emptied or half filled.
// Told to optimize for size it collects sooner, packs, and gives back: in a fleet of size L a quarter of the resident
// memory, for a quarter of the writes when as many as possible are made (bench/RESULTS.md). Batches of thousands of rows
// are few entries: they take twice the CPU time then, and leave no heap behind that must be packed in one long pause.
// Absent: reads, whose garbage dies young; and other coordinators of the same process, which share its heap.

import type { Timers } from "./timers.ts";

const LOOK_EVERY_MS = 500;
const MANY_PER_LOOK = 50;
// A process that is kept from its work so long may lose an election by the next collection.
const LATE_MS = 200;
// A pause between two batches is no rest.
const RESTING_LOOKS = 4;

export interface HeapThriftOptions {
  /** Entries applied so far, of all groups. */
  readonly applied: () => number;
  /** Milliseconds from anywhere. */
  readonly now: () => number;
  readonly timers: Pick<Timers, "every">;
  /** Takes a flag of V8, as on Node's command line. */
  readonly setFlag: (flag: string) => void;
}

interface Look {
  readonly applied: number;
  readonly atMs: number;
}

export class HeapThrift {
  readonly #options: HeapThriftOptions;
  readonly #stop: () => void;
  #last: Look;
  #restingLooks = 0;

  constructor(options: HeapThriftOptions) {
    this.#options = options;
    this.#last = this.#see();
    // V8 would learn from the first reports, whose rows stay, that all that is decoded stays, and place all of it where
    // only a full collection finds it.
    options.setFlag("--no-allocation-site-pretenuring");
    this.#stop = options.timers.every(LOOK_EVERY_MS, () => this.#look());
  }

  stop(): void {
    this.#stop();
    if (this.#isThrifty()) this.#options.setFlag("--no-optimize-for-size");
  }

  #look(): void {
    const wasThrifty = this.#isThrifty();
    const look = this.#see();
    const isLate = look.atMs - this.#last.atMs >= LOOK_EVERY_MS + LATE_MS;
    const isResting = !isLate && look.applied - this.#last.applied < MANY_PER_LOOK;
    this.#restingLooks = isResting ? this.#restingLooks + 1 : 0;
    this.#last = look;
    if (this.#isThrifty() === wasThrifty) return;
    this.#options.setFlag(wasThrifty ? "--no-optimize-for-size" : "--optimize-for-size");
  }

  #see(): Look {
    return { applied: this.#options.applied(), atMs: this.#options.now() };
  }

  #isThrifty(): boolean {
    return this.#restingLooks >= RESTING_LOOKS;
  }
}
