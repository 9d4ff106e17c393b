// Who was turned away, for operators: each time is counted, and the log says who, from where and why. What must stay true: a
// flood fills no log. The same caller for the same reason is told at once, and then with its number when another ten
// seconds are over and it still comes; of all callers together LINES_MAX are told in ten seconds, and the rest is counted.

import { elapsedMs, type MonotonicMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export const TELL_EVERY_MS = 10_000;
export const LINES_MAX = 32;
const CALLERS_MAX = 256;

export interface Denied {
  /** As it stands in the error's details; of a handshake, HANDSHAKE_FAILED. */
  readonly reason: string;
  /** The certificate's identity; empty = it has none. */
  readonly identity: string;
  /** Without the port. */
  readonly from: string;
  /** The method, or what was wrong with the handshake. */
  readonly what: string;
}

interface Told {
  readonly atMs: MonotonicMs;
  readonly times: number;
}

export class DeniedCalls {
  readonly #log: Log;
  readonly #now: () => MonotonicMs;
  readonly #counts = new Map<string, number>();
  /** By caller and reason, the newest last: when the log told of it, and how often it came since. */
  readonly #told = new Map<string, Told>();
  #sinceMs: MonotonicMs | null = null;
  #lines = 0;
  #untold = 0;

  constructor(log: Log, now: () => MonotonicMs) {
    this.#log = log;
    this.#now = now;
  }

  /** By reason. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  note(denied: Denied): void {
    const { reason, identity, from } = denied;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    const key = `${reason} ${identity} ${from}`;
    const nowMs = this.#now();
    const { atMs, times } = this.#told.get(key) ?? { atMs: null, times: 0 };
    if (atMs !== null && elapsedMs(atMs, nowMs) < TELL_EVERY_MS) {
      this.#told.set(key, { atMs, times: times + 1 });
      return;
    }
    if (!this.#mayTell(nowMs)) {
      this.#untold += 1;
      return;
    }
    const others = this.#untold === 0 ? {} : { others: this.#untold };
    this.#untold = 0;
    this.#log.warn("a caller was turned away", { ...denied, times: times + 1, ...others });
    this.#remember(key, nowMs);
  }

  #mayTell(nowMs: MonotonicMs): boolean {
    if (this.#sinceMs === null || elapsedMs(this.#sinceMs, nowMs) >= TELL_EVERY_MS) {
      this.#sinceMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= LINES_MAX;
  }

  #remember(key: string, atMs: MonotonicMs): void {
    this.#told.delete(key);
    this.#told.set(key, { atMs, times: 0 });
    const [oldest = ""] = this.#told.keys();
    if (this.#told.size > CALLERS_MAX) this.#told.delete(oldest);
  }
}
