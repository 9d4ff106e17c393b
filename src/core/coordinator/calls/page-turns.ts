// Paces the pages of rows that operators and readers ask for. Hundreds of lists can be ready in one moment, and a page takes up to
// 10 ms. So a pass has one page, and callers take turns. After some milliseconds of pages, other work has the process for twice
// as long. What must stay true: a page begins at once if no other waits and pages do not rest. How many
// wait is bounded by the calls that an identity may have at once (identity-limits.ts).

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { Loop } from "../../base/event-loop.ts";
import { FairLines } from "./fair-lines.ts";

/** Work after which pages rest. */
export const WORK_MS = 4;
/** How much longer they rest than they have worked: pages get a third of the process. */
export const REST_FACTOR = 2;

export class PageTurns {
  readonly #loop: Loop;
  readonly #waiting = new FairLines(Number.POSITIVE_INFINITY);
  #isBusy = false;
  #workedMs = 0;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** Settles when the caller's page may be made; null = now. */
  turn(caller: string): Promise<unknown> | null {
    const sinceMs = this.#loop.now();
    if (!this.#isBusy) {
      this.#begin(sinceMs);
      return null;
    }
    return new Promise((resume) => this.#waiting.add(caller, { sinceMs, resume }));
  }

  #begin(sinceMs: MonotonicMs): void {
    assert(!this.#isBusy, "one page is made at a time");
    this.#isBusy = true;
    afterPromises(() => {
      this.#workedMs += this.#loop.now() - sinceMs;
      if (this.#workedMs < WORK_MS) {
        this.#loop.nextPass(() => this.#next());
        return;
      }
      const restMs = REST_FACTOR * this.#workedMs;
      this.#workedMs = 0;
      this.#loop.after(restMs, () => this.#next());
    });
  }

  #next(): void {
    this.#isBusy = false;
    const next = this.#waiting.take();
    if (next === undefined) return;
    this.#begin(this.#loop.now());
    next.resume(true);
  }
}

/** Runs `run` once the promises that are settled now, and what follows from them at once, have run. */
function afterPromises(run: () => void): void {
  // Of a callback of the event loop, ticks come before its promises; of a promise, after all of them.
  process.nextTick(() => void Promise.resolve().then(() => process.nextTick(run)));
}
