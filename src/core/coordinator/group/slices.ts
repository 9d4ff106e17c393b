// An entry that is being applied in slices (ADR-0022). What must stay true: it is invisible before the last
// slice, and if it is abandoned before that, it leaves no trace.

import { assert } from "../../base/assert.ts";

export class Slices<Result> {
  #steps: Iterator<undefined, Result | null> | null;
  #result: Result | null = null;

  constructor(steps: Iterator<undefined, Result | null>) {
    this.#steps = steps;
  }

  get isWhole(): boolean {
    return this.#steps === null;
  }

  /** The entry's result. */
  get result(): Result | null {
    assert(this.isWhole, "an entry has a result once it is applied");
    return this.#result;
  }

  /** Applies the next slice. */
  step(): void {
    const steps = this.#steps;
    assert(steps !== null, "what is applied is not applied again");
    const step = steps.next();
    if (!step.done) return;
    this.#steps = null;
    this.#result = step.value;
  }

  /** Applies the rest at once. */
  finish(): Result | null {
    while (!this.isWhole) this.step();
    return this.result;
  }
}
