// Whether a connection is read. There are two reasons not to read, and each has one way out. `paced` ends with the next
// pass of the event loop (server/paced-reading.ts). `full` ends when a write has left (output.ts). What must stay true:
// the socket is paused exactly while a reason stands.

import { assert } from "../../base/assert.ts";

/** Part of a socket. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
  isPaused(): boolean;
}

type Reason = "paced" | "full";
const BIT: Readonly<Record<Reason, number>> = { paced: 1, full: 2 };

export class Reading {
  readonly #source: Source;
  #reasons = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  get isStopped(): boolean {
    return this.#reasons !== 0;
  }

  stop(reason: Reason): void {
    this.#become(this.#reasons | BIT[reason]);
  }

  goOn(reason: Reason): void {
    this.#become(this.#reasons & ~BIT[reason]);
  }

  #become(reasons: number): void {
    if (this.#reasons === reasons) return;
    const was = this.isStopped;
    this.#reasons = reasons;
    if (was === this.isStopped) return;
    if (this.isStopped) this.#source.pause();
    else this.#source.resume();
    assert(this.#source.isPaused() === this.isStopped, "a socket is paused while a reason stands");
  }
}
