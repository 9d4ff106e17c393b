// When the leader last saw a sign of each plan's runner. What must stay true: it is soft, bounded, and measured by this
// process's monotonic clock. A new leader has seen no runner yet, so it counts from the start of its leadership.

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";
import { PLANS_MAX } from "../../fleet/limits.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";

export class PlanRunners {
  /** By plan, the one with the oldest sign first. */
  readonly #seenMs = new Map<string, MonotonicMs>();

  /** An operation was applied. Only a runner takes a plan, renews it, or writes its steps. */
  note(kind: Operation["kind"], nowMs: MonotonicMs): void {
    switch (kind?.$case) {
      case "takePlan":
      case "renewPlan":
      case "advanceStep":
        this.#see(kind.value.planId, nowMs);
    }
  }

  silentMs(planId: string, leadsSinceMs: MonotonicMs, nowMs: MonotonicMs): number {
    const seenMs = this.#seenMs.get(planId) ?? leadsSinceMs;
    return elapsedMs(Math.max(seenMs, leadsSinceMs), nowMs);
  }

  #see(planId: string, nowMs: MonotonicMs): void {
    this.#seenMs.delete(planId);
    this.#seenMs.set(planId, nowMs);
    if (this.#seenMs.size <= PLANS_MAX) return;
    const [oldest = planId] = this.#seenMs.keys();
    this.#seenMs.delete(oldest);
  }
}
