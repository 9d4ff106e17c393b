// While a call has no answer, asks the other replicas who leads. A paused leader keeps its connections, so a call there fails only
// by its own time limit, long after the others elected another. What must stay true: the call itself is not sent
// anywhere else from here. It leaves the silent node only for a leader that another replica names. The questions are
// few, however many calls wait.

import { status } from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import type { CallLimits } from "../unary.ts";
import { plain } from "../write-failure.ts";
import type { Claim } from "./leader-breaker.ts";

/** Two election timeouts of a LAN: by then a paused leader has a successor. */
const DOUBT_MS = 600;
const ASK_MS = 300;
const AGAIN_MS_MIN = 150;
const AGAIN_MS_MAX = 600;

/** How a client asks one replica who leads. */
export interface SecondOpinion<Client> {
  /** Null: that replica knows no leader. May reject. */
  readonly ask: (client: Client, limits: CallLimits) => Promise<Claim | null>;
  /** Keeps no process alive. */
  readonly sleep: (ms: number) => Promise<void>;
}

export interface DoubtWorld {
  readonly now: () => MonotonicMs;
  readonly sleep: (ms: number) => Promise<void>;
  readonly others: (address: string) => readonly string[];
  readonly ask: (address: string, limits: CallLimits) => Promise<Claim | null>;
  /** Whether to leave `address` for what a replica claims. */
  readonly isReplaced: (address: string, claim: Claim) => boolean;
}

interface Waiting {
  readonly address: string;
  readonly beganMs: MonotonicMs;
  readonly leave: (error: Error) => void;
}

export class LeaderDoubt {
  readonly #world: DoubtWorld;
  /** The oldest first. */
  readonly #waiting = new Set<Waiting>();
  #isWatching = false;

  constructor(world: DoubtWorld) {
    this.#world = world;
  }

  /** Runs a call at `address`; fails as if its connection were lost once another replica leads. */
  async during<T>(address: string, call: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiting = { address, beganMs: this.#world.now(), leave: reject };
    this.#waiting.add(waiting);
    if (!this.#isWatching) void this.#watch();
    call().then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** Ends when nothing waits; the next call begins it again. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    let pauseMs = AGAIN_MS_MIN;
    for (;;) {
      const [oldest] = this.#waiting;
      if (oldest === undefined) break;
      const restMs = oldest.beganMs + DOUBT_MS - this.#world.now();
      if (restMs > 0) {
        pauseMs = AGAIN_MS_MIN;
        await this.#world.sleep(restMs);
        continue;
      }
      await Promise.all(this.#world.others(oldest.address).map((other) => this.#ask(other, oldest.address)));
      await this.#world.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, AGAIN_MS_MAX);
    }
    this.#isWatching = false;
  }

  async #ask(other: string, silent: string): Promise<void> {
    const endMs = this.#world.now() + ASK_MS;
    const claim = await this.#world.ask(other, { endMs }).catch(() => null);
    if (claim === null || !this.#world.isReplaced(silent, claim)) return;
    // It may have arrived there: a retry is safe for the same reason as after a lost connection.
    const error = plain(status.UNAVAILABLE, `${claim.address} leads now, and ${silent} does not answer`);
    for (const { address, leave } of [...this.#waiting]) if (address === silent) leave(error);
  }
}
