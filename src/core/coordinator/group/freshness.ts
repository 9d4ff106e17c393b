// How old at most what this replica has applied is: for reads of bounded staleness, from any role.
// What must stay true: `ageMs` is no less than the age of any committed write that is missing here. The proof is a read
// index (Raft §6.4): once it is applied that a quorum confirmed for a request made at T, nothing is missing that was
// committed at T, and as the state never goes back, that stays so. The age is counted from the asking, never from the
// answer. A heartbeat would prove less: it may come from a leader that was deposed unheard, and of the commit index it
// tells what its receiver holds. Leaders go by the same proof: theirs is the last time that a quorum followed them.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Timers } from "../../base/timers.ts";
import type { GroupDriver } from "./group-driver.ts";
import type { ReadResult } from "./pending.ts";

// Shared with all reads that wait, and nothing beside the heartbeats of a second; by so much an age may be overstated.
const RENEW_EVERY_MS = 1_000;
const RENEW_DEADLINE_MS = 5_000;

export interface FreshnessOptions {
  readonly driver: Pick<GroupDriver<never>, "readIndex">;
  /**
   * The one that ran further counts: the monotonic clock stands still while the machine sleeps, and the clock that
   * counts since boot does not.
   */
  readonly clocks: readonly (() => MonotonicMs)[];
  /** For deadlines. */
  readonly now: () => MonotonicMs;
}

export class Freshness {
  readonly #options: FreshnessOptions;
  /** What the clocks showed when the newest proof was asked for; null = there is none since this replica started. */
  #provenAt: readonly MonotonicMs[] | null = null;
  #isRenewing = false;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Null: nothing is known. */
  get ageMs(): number | null {
    return this.#provenAt && this.#since(this.#provenAt);
  }

  /** Asks for a proof; once it is there, what is read now is as fresh as a linearizable read (`deadline` as there). */
  async confirm(deadline: MonotonicMs): Promise<ReadResult> {
    const askedAt = this.#options.clocks.map((clock) => clock());
    const result = await this.#options.driver.readIndex(deadline);
    const isNews = this.#provenAt === null || this.#since(askedAt) < this.#since(this.#provenAt);
    if (result.ok && isNews) this.#provenAt = askedAt;
    return result;
  }

  /** So that a replica that is cut off knows since when; returns what ends it. */
  keepRenewing(timers: Timers): () => void {
    return timers.every(RENEW_EVERY_MS, () => this.#renew());
  }

  async #renew(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      await this.confirm(this.#options.now() + RENEW_DEADLINE_MS);
    } finally {
      this.#isRenewing = false;
    }
  }

  #since(moment: readonly MonotonicMs[]): number {
    const passed = this.#options.clocks.map((clock, at) => clock() - (moment[at] ?? 0));
    return Math.max(0, ...passed.map(Math.ceil));
  }
}
