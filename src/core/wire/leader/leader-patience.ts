// How long an attempt at the leader may take: pure. One that gets no answer in time is given up, since a process that
// hangs must not cost a call its whole deadline. But a leader that its followers still name afterwards lives and is
// slow: every write that was given up is proposed once more, so it is asked again with twice the time, or those
// who wait for it would keep it slow. Absent: dead connections, which show by themselves (channel-options.ts).

import { assert } from "../../base/assert.ts";

// Longer than a LAN's election timeout: who is named after it has been heard since it began.
const ATTEMPT_MS = 1_500;

export class LeaderPatience {
  #slow: { readonly address: string; readonly limitMs: number } | null = null;
  #isConfirmed = false;

  /** How long to wait for the node at `address`. */
  limitMs(address: string): number {
    const slow = this.#slow;
    return slow?.address === address && this.#isConfirmed ? slow.limitMs : ATTEMPT_MS;
  }

  /** Whether the last attempt there ended only because its time was over. */
  isSlow(address: string): boolean {
    return this.#slow?.address === address;
  }

  /** An attempt at `address` got no answer within `limitMs`. */
  ranOut(address: string, limitMs: number): void {
    assert(limitMs >= ATTEMPT_MS, "patience only grows");
    // Attempts that were under way together run out together: they double it once.
    if (this.isSlow(address) && limitMs * 2 <= this.limitMs(address)) return;
    this.#slow = { address, limitMs: limitMs * 2 };
    this.#isConfirmed = false;
  }

  /** After that, it is still said to lead. */
  confirm(address: string): void {
    if (this.isSlow(address)) this.#isConfirmed = true;
  }

  answered(address: string, tookMs: number): void {
    if (tookMs < ATTEMPT_MS) this.forget(address);
  }

  /** It is not slow: it is fast again, or gone, or leads no more. */
  forget(address: string): void {
    if (this.isSlow(address)) this.#slow = null;
  }
}
