// An upper bound for the age of this replica's applied state: for reads of bounded staleness, in any role.
// What must stay true: `ageMs` is at least the age of any committed write that is missing here. The proof is
// a read index (Raft §6.4). A quorum confirms it for a request made at time T; once it is applied here, every
// write committed by T is here. The state never goes back, so that stays true. The age is counted from the
// request, never from the answer. A heartbeat would prove less. Its sender may be a deposed leader that does not know
// it, and its commit index is limited to what the receiver holds. Leaders use the same proof: the last time that a
// quorum followed them.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Timers } from "../../base/timers.ts";
import type { GroupPort } from "./group-port.ts";
import type { ReadResult } from "./pending.ts";

// The renewal shares the confirmation with all waiting reads, and costs nothing beside a second's heartbeats.
// An age may be too high by this much.
const RENEW_EVERY_MS = 1_000;
const RENEW_DEADLINE_MS = 5_000;

export interface FreshnessOptions {
  readonly driver: Pick<GroupPort<never>, "readIndex">;
  /**
   * The clock that advanced more counts. The monotonic clock stops while the machine sleeps; the clock that
   * counts since boot does not.
   */
  readonly clocks: readonly (() => MonotonicMs)[];
  /** For deadlines. */
  readonly now: () => MonotonicMs;
}

export class Freshness {
  readonly #options: FreshnessOptions;
  /**
   * The clocks' readings when the newest proof was requested; null = there is none since this replica
   * started.
   */
  #provenAt: readonly MonotonicMs[] | null = null;
  #isRenewing = false;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Null: unknown. */
  get ageMs(): number | null {
    return this.#provenAt && this.#since(this.#provenAt);
  }

  /** Requests a proof. Once it is there, reads are as fresh as linearizable ones (the same `deadline`). */
  async confirm(deadline: MonotonicMs): Promise<ReadResult> {
    const askedAt = this.#options.clocks.map((clock) => clock());
    const result = await this.#options.driver.readIndex(deadline);
    const isNews = this.#provenAt === null || this.#since(askedAt) < this.#since(this.#provenAt);
    if (result.ok && isNews) this.#provenAt = askedAt;
    return result;
  }

  /** So that a disconnected replica knows since when; returns a function that stops it. */
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
