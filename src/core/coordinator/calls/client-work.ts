// How much of a pass of the event loop clients may use, so that their burst holds up no tick, no heartbeat
// and no peer's message. Work within a pass's budget runs at once; the rest waits, and each later pass does a
// slice. What must stay true: nothing waits while there is time. Answers come before new calls, in order of
// arrival. New calls are in their caller's order, and callers take turns (fair-lines.ts). A new call is
// refused in two cases. Too many wait and its caller has most of them; or its caller's oldest has waited too
// long, so each later one would too.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Loop } from "../../base/event-loop.ts";
import { DELAY_MS_MAX } from "../group/drain-rate.ts";
import { FairLines, Line } from "./fair-lines.ts";

/** For one pass. A heartbeat is due every 50 ms, and a busy machine may give this process half of a core. */
export const SLICE_MS = 10;
/** The part of it for tenants' calls: a hundred reports of a hundred rows in 0.1 s. */
export const TENANT_SLICE_MS = 3;
/** In each line. */
export const ARRIVALS_MAX = 8_192;
/**
 * Less than the shortest deadline that operators use, and many times what a burst of the allowed size needs.
 */
export const ARRIVAL_WAIT_MS_MAX = 1_000;
const DELAY_MS_MIN = 50;

export class ClientWork {
  readonly #loop: Loop;
  readonly #answers = new Line();
  readonly #arrivals = new FairLines(ARRIVALS_MAX);
  readonly #tenants = new FairLines(ARRIVALS_MAX);
  /** When this pass's first work started; null = none has. */
  #beganMs: MonotonicMs | null = null;
  /** The part of this pass that waiting calls of tenants have used. */
  #tenantMs = 0;
  #isTenantsTurn = false;
  #refused = 0;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** How many calls wait to start, and how many were refused since this process started. */
  get counts(): { readonly waiting: number; readonly refused: number } {
    return { waiting: this.#arrivals.size + this.#tenants.size, refused: this.#refused };
  }

  /** When a call that is refused now may be retried. */
  get retryDelayMs(): number {
    const nowMs = this.#loop.now();
    const longestMs = Math.max(this.#arrivals.longestWaitMs(nowMs), this.#tenants.longestWaitMs(nowMs));
    return Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, longestMs));
  }

  /** A new call of `caller`: true when there is time to start it, at once or later; false = it is refused. */
  arrive(caller: string, isTenant = false): true | Promise<boolean> {
    const nowMs = this.#loop.now();
    const isNext = this.#isFree(nowMs) && (!isTenant || this.#isFreeForTenants(nowMs));
    // Without a promise: most calls begin at once.
    return isNext || this.#wait(caller, isTenant, nowMs);
  }

  async #wait(caller: string, isTenant: boolean, nowMs: MonotonicMs): Promise<boolean> {
    const line = isTenant ? this.#tenants : this.#arrivals;
    const isTaken =
      line.waitedMs(caller, nowMs) <= ARRIVAL_WAIT_MS_MAX &&
      (await new Promise<boolean>((resume) => line.add(caller, { sinceMs: nowMs, resume })));
    if (!isTaken) this.#refused += 1;
    return isTaken;
  }

  /** For a started call: settles when there is time to continue it; null = now. Never refused. */
  answer(): Promise<unknown> | null {
    const nowMs = this.#loop.now();
    if (this.#isFree(nowMs)) return null;
    return new Promise((resume) => this.#answers.add({ sinceMs: nowMs, resume }));
  }

  #isFree(nowMs: MonotonicMs): boolean {
    return this.#answers.size + this.#arrivals.size === 0 && this.#hasTime(nowMs);
  }

  #isFreeForTenants(nowMs: MonotonicMs): boolean {
    return this.#tenants.size === 0 && elapsed(this.#beganMs, nowMs) < TENANT_SLICE_MS;
  }

  #hasTime(nowMs: MonotonicMs): boolean {
    if (this.#beganMs === null) this.#begin(nowMs);
    return elapsed(this.#beganMs, nowMs) < SLICE_MS;
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    this.#tenantMs = 0;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      if (this.#answers.size + this.#arrivals.size + this.#tenants.size > 0) void this.#slice();
    });
  }

  async #slice(): Promise<void> {
    this.#begin(this.#loop.now());
    for (let nowMs = this.#loop.now(); this.#hasTime(nowMs); ) {
      const answer = this.#answers.take();
      const tenant = answer === undefined && this.#isTenantNext() ? this.#tenants.take() : undefined;
      const next = answer ?? tenant ?? this.#arrivals.take();
      if (next === undefined) return;
      next.resume(true);
      // So that the cost of this call, including reading its data, is counted before the next one continues.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      const thenMs = this.#loop.now();
      if (tenant !== undefined) this.#tenantMs += thenMs - nowMs;
      nowMs = thenMs;
    }
  }

  /** Both lines take turns while tenants have time left. */
  #isTenantNext(): boolean {
    if (this.#tenantMs >= TENANT_SLICE_MS) return false;
    this.#isTenantsTurn = !this.#isTenantsTurn;
    return this.#isTenantsTurn || this.#arrivals.size === 0;
  }
}

const elapsed = (beganMs: MonotonicMs | null, nowMs: MonotonicMs): number => nowMs - (beganMs ?? nowMs);
