// How long an attempt at the leader may take: pure. An attempt without an answer is given up in time, because
// a process that hangs must not use up a call's whole deadline. But if its followers still name it
// afterwards, the leader lives and is slow. Every abandoned write is proposed again, which would keep it
// slow. So the next attempt gets twice the time. Absent: dead connections, which are detected otherwise
// (channel-options.ts).

import { assert } from "../../base/assert.ts";

// Longer than a LAN's election timeout: a node named afterwards has been heard since the attempt started.
const ATTEMPT_MS = 1_500;

export class LeaderPatience {
  #slow: { readonly address: string; readonly limitMs: number } | null = null;
  #isConfirmed = false;

  /** How long to wait for the node at `address`. */
  limitMs(address: string): number {
    const slow = this.#slow;
    return slow?.address === address && this.#isConfirmed ? slow.limitMs : ATTEMPT_MS;
  }

  /** Whether the last attempt there ended only because of its time limit. */
  isSlow(address: string): boolean {
    return this.#slow?.address === address;
  }

  /** An attempt at `address` got no answer within `limitMs`. */
  ranOut(address: string, limitMs: number): void {
    assert(limitMs >= ATTEMPT_MS, "patience only grows");
    // Concurrent attempts time out together: they double it only once.
    if (this.isSlow(address) && limitMs * 2 <= this.limitMs(address)) return;
    this.#slow = { address, limitMs: limitMs * 2 };
    this.#isConfirmed = false;
  }

  /** After the timeout a node still names it as the leader. */
  confirm(address: string): void {
    if (this.isSlow(address)) this.#isConfirmed = true;
  }

  answered(address: string, tookMs: number): void {
    if (tookMs < ATTEMPT_MS) this.forget(address);
  }

  /** It is not slow any more: it is fast again, gone, or not the leader. */
  forget(address: string): void {
    if (this.isSlow(address)) this.#slow = null;
  }
}
