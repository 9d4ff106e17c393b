// When leases end: the leader's own clock, which is not replicated. Keep-alives stay in the leader's memory, and only the
// end of a lease is an entry of the log. What must stay true: a lease ends only once its TTL has passed since
// its grant, its last keep-alive and this leader's takeover.
//
// Fencing: a leader extends no lease before its `LeaseTerm` is applied, and an expiry names the term of the leader that
// decided. Once a newer term is applied, earlier expiries change nothing (key-space.ts). So a deposed leader's expiry
// either comes before the next leader's first keep-alive, or has no effect.

import { assert } from "../base/assert.ts";
import type { LeaseExpiry } from "../wire/gen/fleet/v1/key_command.ts";
import { DeadlineHeap } from "./deadline-heap.ts";
import type { Lease, LeaseId } from "./leases.ts";

/**
 * After a longer time without a call this process stood still, and heard no keep-alive meanwhile. So only this much of
 * it counts.
 */
const STEP_MS_MAX = 1_000;
/** An expiry that was not applied by then is proposed again. Of etcd. */
const RETRY_MS = 3_000;
/** As etcd: leases that end together, for example after a failover, take a second for each thousand. */
const EXPIRIES_PER_SECOND = 1_000;
const EXPIRIES_MAX = EXPIRIES_PER_SECOND / 2;
const SECOND_MS = 1_000;
/** Of the leases of one expiry together: every replica deletes them all in one turn. */
const EXPIRY_KEYS_MAX = 20_000;

/**
 * `ending`: its end is being replicated, and the caller waits for the outcome. `not-leading`: ask the leader, or this one
 * again once its takeover is applied.
 */
export type Renewal =
  | { readonly ok: true; readonly ttlSeconds: number }
  | { readonly ok: false; readonly reason: "not-leading" | "not-found" | "ending" };

interface Running {
  readonly lease: Lease;
  deadlineMs: number;
  isEnding: boolean;
}

type Role = { readonly kind: "idle" } | { readonly kind: "leading"; readonly term: number };

export class LeaseClock {
  #role: Role = { kind: "idle" };
  readonly #running = new Map<LeaseId, Running>();
  /** Each lease that is running once, and leases that have ended. */
  readonly #heap = new DeadlineHeap<Running>();
  /** The time that this process was awake, which decides on leases. */
  #awakeMs = 0;
  #lastMs: number | null = null;
  /** How many leases may end now. */
  #allowance = EXPIRIES_MAX;

  /**
   * This replica leads in `term`, and its `LeaseTerm` has just been applied. All leases get their whole TTL. `graceMs`
   * covers a keep-alive that the leader before had answered, on its way to the client (lease-keeper.ts).
   */
  takeOver(term: number, leases: Iterable<Lease>, graceMs: number, nowMs: number): void {
    assert(this.#role.kind === "idle" || this.#role.term <= term, "terms never go back");
    this.#forget();
    this.#role = { kind: "leading", term };
    this.#pass(nowMs);
    for (const lease of leases) this.#run(lease, graceMs);
  }

  /** This replica no longer leads. */
  stepDown(): void {
    this.#forget();
    this.#role = { kind: "idle" };
  }

  /** A grant was applied. */
  granted(lease: Lease, nowMs: number): void {
    if (this.#role.kind === "idle") return;
    this.#pass(nowMs);
    this.#run(lease, 0);
  }

  /** A revocation or an expiry was applied. */
  ended(id: LeaseId): void {
    this.#running.delete(id);
  }

  renew(id: LeaseId, nowMs: number): Renewal {
    if (this.#role.kind === "idle") return { ok: false, reason: "not-leading" };
    this.#pass(nowMs);
    const running = this.#running.get(id);
    if (running === undefined) return { ok: false, reason: "not-found" };
    if (running.isEnding) return { ok: false, reason: "ending" };
    const { ttlSeconds } = running.lease;
    // The heap learns of it when the earlier deadline comes up.
    running.deadlineMs = Math.max(running.deadlineMs, this.#awakeMs + ttlSeconds * SECOND_MS);
    return { ok: true, ttlSeconds };
  }

  /** How long a lease has left, at least; null if this replica does not know. Negative once it is over. */
  remainingMs(id: LeaseId, nowMs: number): number | null {
    if (this.#role.kind === "idle") return null;
    this.#pass(nowMs);
    const running = this.#running.get(id);
    return running === undefined ? null : running.deadlineMs - this.#awakeMs;
  }

  /**
   * The leases to expire now, as the operation to propose; null if there is none. Call it twice a second or more.
   * `keyCountOf`: how many keys end with a lease.
   */
  due(nowMs: number, keyCountOf: (lease: LeaseId) => number = () => 0): LeaseExpiry | null {
    if (this.#role.kind === "idle") return null;
    this.#pass(nowMs);
    const leases: LeaseExpiry["leases"] = [];
    let keys = 0;
    // Each turn takes an entry from the heap that was due, or ends.
    while (leases.length < Math.floor(this.#allowance)) {
      const first = this.#heap.first();
      if (first === null || first.deadlineMs > this.#awakeMs) break;
      this.#heap.take();
      const running = first.item;
      const { id, grant } = running.lease;
      if (this.#running.get(id) !== running) continue;
      if (running.deadlineMs > this.#awakeMs) {
        this.#heap.add(running, running.deadlineMs);
        continue;
      }
      const more = keyCountOf(id);
      if (leases.length > 0 && keys + more > EXPIRY_KEYS_MAX) {
        this.#heap.add(running, running.deadlineMs);
        break;
      }
      keys += more;
      running.isEnding = true;
      this.#heap.add(running, this.#awakeMs + RETRY_MS);
      leases.push({ id, grant });
    }
    this.#allowance -= leases.length;
    return leases.length === 0 ? null : { term: this.#role.term, leases };
  }

  #run(lease: Lease, graceMs: number): void {
    const deadlineMs = this.#awakeMs + lease.ttlSeconds * SECOND_MS + graceMs;
    const running = { lease, deadlineMs, isEnding: false };
    this.#running.set(lease.id, running);
    this.#heap.add(running, deadlineMs);
  }

  #pass(nowMs: number): void {
    const passedMs = this.#lastMs === null ? 0 : nowMs - this.#lastMs;
    assert(passedMs >= 0, "a monotonic clock never goes back");
    this.#lastMs = nowMs;
    const stepMs = Math.min(passedMs, STEP_MS_MAX);
    this.#awakeMs += stepMs;
    const more = (stepMs * EXPIRIES_PER_SECOND) / SECOND_MS;
    this.#allowance = Math.min(EXPIRIES_MAX, this.#allowance + more);
  }

  #forget(): void {
    this.#running.clear();
    this.#heap.clear();
    this.#lastMs = null;
  }
}
