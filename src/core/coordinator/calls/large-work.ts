// The work that large requests make, in slices: one slice of all of them together in a pass of the event loop, so that a
// commit waits for one slice and not for a report of 30 000 rows. What must stay true: work that is one slice waits for
// nothing, and those that wait have their slices in turn. Absent: how much work there may be (pace.ts).

import { assert } from "../../base/assert.ts";
import type { Loop } from "../../base/event-loop.ts";
import type { Slicing } from "../../fleet/slices.ts";

export class LargeWork {
  readonly #nextPass: Loop["nextPass"];
  readonly #waiting: (() => void)[] = [];
  #isPassing = false;

  constructor({ nextPass }: Pick<Loop, "nextPass">) {
    this.#nextPass = nextPass;
  }

  /** Does it all; what others do may come between two slices. */
  async run<Value>(slicing: Slicing<Value>): Promise<Value> {
    for (;;) {
      const step = slicing.next();
      if (step.done) return step.value;
      await this.turn();
    }
  }

  /** Settles when the next slice may be done. */
  turn(): Promise<void> {
    return new Promise((resume) => {
      this.#waiting.push(resume);
      if (!this.#isPassing) this.#pass();
    });
  }

  #pass(): void {
    assert(this.#waiting.length > 0, "a pass has a slice");
    this.#isPassing = true;
    this.#nextPass(() => {
      this.#waiting.shift()?.();
      this.#isPassing = false;
      if (this.#waiting.length > 0) this.#pass();
    });
  }
}
