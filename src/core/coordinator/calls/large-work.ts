// The work of large requests, in slices: one slice of all of them together in a pass of the event loop. So a
// commit waits for one slice, not for a report of 30 000 rows. What must stay true: work of a single slice
// does not wait, and waiting work takes turns. Absent: limits of the amount of work (pace.ts).

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

  /** Does all of it; other work may run between two slices. */
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
