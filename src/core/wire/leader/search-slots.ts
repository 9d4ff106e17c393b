// Lets only a few of a caller's calls look for the leader, while the others wait for the result. A thousand concurrent
// calls cause no more requests than a handful.

import { assert } from "../../base/assert.ts";

export class SearchSlots {
  #looking = 0;
  #waiting: (() => void)[] = [];

  /** Whether the call may look itself: then it must call `leave`. */
  enter(lookersMax: number): boolean {
    if (this.#looking >= lookersMax) return false;
    this.#looking += 1;
    return true;
  }

  leave(): void {
    assert(this.#looking > 0, "only who has entered leaves");
    this.#looking -= 1;
    // A call that left may have reached its deadline, and then another must look.
    this.wake();
  }

  /** There is a result: the waiting calls check what it means for them. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Resolves with the next `wake`, or when `sleep` does; `sleep` is aborted then. */
  async wait(sleep: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const over = new AbortController();
    const woken = new Promise<void>((resolve) => this.#waiting.push(resolve));
    await Promise.race([woken, sleep(over.signal)]);
    over.abort();
  }
}
