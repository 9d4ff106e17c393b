// How much room V8 takes for this replica's heap: little while few entries are applied, all that makes it quick while many
// are. By itself V8 lets garbage grow to the size of what is alive, and keeps the pages that it has emptied or half filled.
// Told to optimize for size it collects sooner, packs, and gives back: in a fleet of size L a quarter of the resident
// memory, for a quarter of the writes when as many as possible are made. It asks at each collection what it was told.

import { setFlagsFromString } from "node:v8";
import type { Timers } from "./timers.ts";

const LOOK_EVERY_MS = 500;
const MANY_PER_LOOK = 50;
// A pause between two batches is no rest.
const RESTING_LOOKS = 4;

export interface HeapThriftOptions {
  /** Entries applied so far, of all groups. */
  readonly applied: () => number;
  readonly timers: Pick<Timers, "every">;
  /** Takes a flag of V8, as on Node's command line. */
  readonly setFlag: (flag: string) => void;
}

export class HeapThrift {
  readonly #options: HeapThriftOptions;
  readonly #stop: () => void;
  #applied: number;
  #restingLooks = 0;

  constructor(options: HeapThriftOptions) {
    this.#options = options;
    this.#applied = options.applied();
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
    const applied = this.#options.applied();
    const isResting = applied - this.#applied < MANY_PER_LOOK;
    this.#restingLooks = isResting ? this.#restingLooks + 1 : 0;
    this.#applied = applied;
    if (this.#isThrifty() === wasThrifty) return;
    this.#options.setFlag(wasThrifty ? "--no-optimize-for-size" : "--optimize-for-size");
  }

  #isThrifty(): boolean {
    return this.#restingLooks >= RESTING_LOOKS;
  }
}

/** Tells the V8 of this process. */
export const setV8Flag: HeapThriftOptions["setFlag"] = setFlagsFromString;
