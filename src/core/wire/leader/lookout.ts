// Lets few of a caller's many calls look for the leader, while the others wait for what those find: a thousand
// concurrent calls ask no more than a handful.

import { assert } from "../../base/assert.ts";

export class Lookout {
  #looking = 0;
  #waiting: (() => void)[] = [];

  /** Whether the call may look itself: then it must `leave`. */
  enter(lookersMax: number): boolean {
    if (this.#looking >= lookersMax) return false;
    this.#looking += 1;
    return true;
  }

  leave(): void {
    assert(this.#looking > 0, "only who has entered leaves");
    this.#looking -= 1;
    // Who left may have come to its end, and then another must look.
    this.wake();
  }

  /** Something was found out: those that wait see for themselves what it means for them. */
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
