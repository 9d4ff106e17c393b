// The work of large requests, in slices: one slice of all of them together in a pass of the event loop. So a
// commit waits for one slice, not for a report of 30 000 rows. What must stay true: work of a single slice
// does not wait, and callers take turns, however much work each of them has. Absent: limits of the amount of work (pace.ts).

import { assert } from "../../base/assert.ts";
import type { Loop } from "../../base/event-loop.ts";
import type { Slicing } from "../../fleet/slices.ts";
import { FairLines } from "./fair-lines.ts";

export class LargeWork {
  readonly #nextPass: Loop["nextPass"];
  readonly #waiting = new FairLines(Number.POSITIVE_INFINITY);
  #isPassing = false;

  constructor({ nextPass }: Pick<Loop, "nextPass">) {
    this.#nextPass = nextPass;
  }

  /** Does all of a caller's work; other work may run between two slices. */
  async run<Value>(caller: string, slicing: Slicing<Value>): Promise<Value> {
    for (;;) {
      const step = slicing.next();
      if (step.done) return step.value;
      await this.#turn(caller);
    }
  }

  /** Settles when the caller's next slice may be done. */
  #turn(caller: string): Promise<unknown> {
    return new Promise((resume) => {
      this.#waiting.add(caller, { sinceMs: 0, resume });
      if (!this.#isPassing) this.#pass();
    });
  }

  #pass(): void {
    assert(this.#waiting.size > 0, "a pass has a slice");
    this.#isPassing = true;
    this.#nextPass(() => {
      this.#waiting.take()?.resume(true);
      this.#isPassing = false;
      if (this.#waiting.size > 0) this.#pass();
    });
  }
}
