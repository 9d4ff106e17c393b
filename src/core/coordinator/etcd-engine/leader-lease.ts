// The lease on which this replica may lead. It has one all the time, so that a campaign need not wait for it. What must stay
// true: `id` is null before the lease can have ended in etcd. So its time counts from before a keep-alive was sent.

import { isBug } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import { OperatorError } from "../../base/errors.ts";
import type { LogStore } from "./log-store.ts";

export interface LeaderLeaseOptions {
  readonly store: Pick<LogStore, "grantLease" | "keepLease" | "revokeLease">;
  readonly now: () => MonotonicMs;
  /** The lease has ended, or may have. */
  readonly onLost: () => void;
  readonly onGranted: () => void;
  /** An exception that is no failed call: the driver stops, as at its other calls. */
  readonly onBug: (error: unknown) => void;
}

const RETRY_MS = 200;

export class LeaderLease {
  readonly #options: LeaderLeaseOptions;
  #id: string | null = null;
  #ttlMs = 0;
  #untilMs: MonotonicMs = 0;
  #nextMs: MonotonicMs = 0;
  #isAsking = false;
  #isStopped = false;

  constructor(options: LeaderLeaseOptions) {
    this.#options = options;
  }

  get id(): string | null {
    return this.#id;
  }

  /** To be called often. */
  look(): void {
    const now = this.#options.now();
    if (this.#isStopped) return;
    if (this.#id !== null && now >= this.#untilMs) this.#lost();
    if (this.#isAsking || now < this.#nextMs) return;
    this.#isAsking = true;
    const asked = this.#id === null ? this.#grant(now) : this.#keep(this.#id, now);
    asked
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#isAsking = false;
      });
  }

  /** The lease ends now, so that another replica need not wait for its end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#id === null) return;
    await this.#options.store.revokeLease(this.#id).catch((error: unknown) => this.#failed(error));
  }

  async #grant(sentMs: MonotonicMs): Promise<void> {
    const { id, ttlMs } = await this.#options.store.grantLease();
    if (this.#isStopped) return await this.#options.store.revokeLease(id);
    this.#id = id;
    this.#ttlMs = ttlMs;
    this.#extend(sentMs, ttlMs);
    this.#options.onGranted();
  }

  async #keep(id: string, sentMs: MonotonicMs): Promise<void> {
    const leftMs = await this.#options.store.keepLease(id, this.#ttlMs / 4);
    if (this.#id !== id || this.#isStopped) return;
    if (leftMs === 0) this.#lost();
    else this.#extend(sentMs, leftMs);
  }

  #extend(sentMs: MonotonicMs, leftMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, sentMs + leftMs);
    this.#nextMs = sentMs + this.#ttlMs / 4;
  }

  /** The store has logged why it got no answer; it is asked again. */
  #failed(error: unknown): void {
    this.#nextMs = this.#options.now() + RETRY_MS;
    if (error instanceof OperatorError || isBug(error)) this.#options.onBug(error);
  }

  #lost(): void {
    this.#id = null;
    this.#untilMs = 0;
    this.#nextMs = 0;
    this.#options.onLost();
  }
}
