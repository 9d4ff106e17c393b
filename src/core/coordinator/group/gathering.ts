// When a leader's proposals gather for a larger append (ADR-0041). A frame to each follower, a write of each disk and their
// answers cost as much for one entry as for twenty. So while many writes wait, and this replica's disk is busy with the
// entries before, later ones wait for it. Their own frame would wait for the same disk. What must stay true: a lone
// write never waits. A disk that hangs holds up no proposal for longer than the limit and a tick.

import type { MonotonicMs } from "../../base/clock.ts";

/** With fewer waiting writes each is proposed at once. */
export const BUSY_WRITES = 8;
/** A disk usually takes less. The followers' disks may be faster than this one. */
export const GATHER_MS_MAX = 5;

export class Gathering {
  /** The appends that are being stored. */
  #underWay = 0;
  /** When the newest of them was passed to the disk. */
  #sinceMs: MonotonicMs = 0;

  /** Entries were passed to the disk. To be called before anyone else waits for them. */
  follow(stored: Promise<void>, nowMs: MonotonicMs): void {
    this.#underWay += 1;
    this.#sinceMs = nowMs;
    const ended = () => {
      this.#underWay -= 1;
    };
    stored.then(ended, ended);
  }

  /** Whether proposals wait for the disk now, with so many writes waiting for their outcome. */
  holds(waiting: number, nowMs: MonotonicMs): boolean {
    return this.#underWay > 0 && waiting >= BUSY_WRITES && nowMs - this.#sinceMs < GATHER_MS_MAX;
  }
}
