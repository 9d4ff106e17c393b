// An entry that is being applied in slices (ADR-0022). What must stay true: nothing of it shows before the last slice, and
// what is given up before that leaves no trace.

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

  /** What the entry came to. */
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

  /** All that is left, at once. */
  finish(): Result | null {
    while (!this.isWhole) this.step();
    return this.result;
  }
}
