// A replica's status as a stream: made once for all watchers, twice a second, and at once when the leader
// changes. What must stay true: nothing is queued for a watcher that does not read; it gets the newest status
// when it reads again. Without watchers there is no work. Their number is limited (places.ts).

import type { MonotonicMs } from "../../base/clock.ts";
import type { Timers } from "../../base/timers.ts";
import type { NodeStatus } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import type { Identity } from "../../wire/tls/identity.ts";
import { Places } from "../calls/places.ts";

const TELL_EVERY_MS = 500;
// How soon a change of the leader is sent.
const LOOK_EVERY_MS = 100;
export const STATUS_WATCHERS_MAX = 256;
export const IDENTITY_WATCHERS_MAX = 32;

/** The part of grpc-js's stream that is used here. */
export interface StatusCall {
  readonly cancelled: boolean;
  readonly writableNeedDrain: boolean;
  write(status: NodeStatus): boolean;
  on(event: string, listener: () => void): unknown;
  emit(event: "error", error: Error): boolean;
}

export interface StatusFeedOptions {
  readonly make: () => NodeStatus;
  /** Changes of this are sent at once: cheap to compare. */
  readonly leadership: () => string;
  readonly timers: Timers;
  readonly now: () => MonotonicMs;
  readonly errors: Pick<InternalErrors, "answer">;
}

export class StatusFeed {
  readonly #options: StatusFeedOptions;
  readonly #places = new Places({
    total: STATUS_WATCHERS_MAX,
    perIdentity: IDENTITY_WATCHERS_MAX,
    reason: "TOO_MANY_WATCHERS",
    doing: "watch this replica's status",
  });
  /** By call, what gives up its place. */
  readonly #watchers = new Map<StatusCall, () => void>();
  /** Watchers that have not read their last status yet. */
  readonly #behind = new Set<StatusCall>();
  #stopLooking: (() => void) | null = null;
  #newest: NodeStatus | null = null;
  #toldMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #leadership = "";

  constructor(options: StatusFeedOptions) {
    this.#options = options;
  }

  /** Sends until the call ends. Throws the RpcError of a refusal. */
  add(call: StatusCall, identity: Identity): void {
    const leave = this.#places.take(identity);
    if (call.cancelled) {
      leave();
      return;
    }
    this.#watchers.set(call, leave);
    for (const event of ["cancelled", "close", "error"]) call.on(event, () => this.#remove(call));
    call.on("drain", () => this.#readAgain(call));
    this.#stopLooking ??= this.#options.timers.every(LOOK_EVERY_MS, () => this.#look());
    const isFresh = this.#newest !== null && this.#options.now() - this.#toldMs < TELL_EVERY_MS;
    if (isFresh && this.#newest !== null) this.#send(call, this.#newest);
    else this.#tellAll();
  }

  #look(): void {
    const { now, leadership } = this.#options;
    if (now() - this.#toldMs >= TELL_EVERY_MS || leadership() !== this.#leadership) this.#tellAll();
  }

  #tellAll(): void {
    try {
      this.#newest = this.#options.make();
    } catch (error) {
      const answer = this.#options.errors.answer(error, "a watch of the status");
      for (const call of [...this.#watchers.keys()]) call.emit("error", answer);
      return;
    }
    this.#toldMs = this.#options.now();
    this.#leadership = this.#options.leadership();
    for (const call of this.#watchers.keys()) this.#send(call, this.#newest);
  }

  #send(call: StatusCall, newest: NodeStatus): void {
    if (call.writableNeedDrain) this.#behind.add(call);
    else call.write(newest);
  }

  #readAgain(call: StatusCall): void {
    if (!this.#behind.delete(call) || this.#newest === null || !this.#watchers.has(call)) return;
    this.#send(call, this.#newest);
  }

  #remove(call: StatusCall): void {
    this.#watchers.get(call)?.();
    this.#watchers.delete(call);
    this.#behind.delete(call);
    if (this.#watchers.size > 0) return;
    this.#stopLooking?.();
    this.#stopLooking = null;
    this.#newest = null;
  }
}
