// A replica's status for callers that may be many: made at most four times a second, and encoded once. What must stay
// true: a change of the leader is visible at once. Administrators and members always get a new one.

import type { MonotonicMs } from "../../base/clock.ts";
import type { NodeStatus } from "../../wire/gen/fleet/v1/coordinator.ts";

/** A status is made in about 0.2 ms, so a storm of questions took whole passes of the event loop. */
export const RECENT_MS = 250;

export interface RecentStatusOptions {
  readonly make: () => NodeStatus;
  /** Cheap to compare. */
  readonly leadership: () => string;
  readonly now: () => MonotonicMs;
}

export class RecentStatus {
  readonly #options: RecentStatusOptions;
  #status: NodeStatus | null = null;
  #madeMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #leadership = "";

  constructor(options: RecentStatusOptions) {
    this.#options = options;
  }

  get(): NodeStatus {
    const { make, leadership, now } = this.#options;
    const isRecent = now() - this.#madeMs < RECENT_MS && leadership() === this.#leadership;
    if (this.#status !== null && isRecent) return this.#status;
    this.#madeMs = now();
    this.#leadership = leadership();
    this.#status = make();
    return this.#status;
  }
}
