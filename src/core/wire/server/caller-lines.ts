// Log lines about callers, protected against floods. What must stay true: the first line for a caller and
// reason is written at once. If the caller keeps coming, a line with their number follows when another ten
// seconds are over. All callers together get at most LINES_MAX lines in ten seconds, and one share at most
// SHARE_MAX of them. The others are counted.

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";

export const TELL_EVERY_MS = 10_000;
export const LINES_MAX = 32;
/** For one share, if the caller has one. */
export const SHARE_MAX = 4;
const CALLERS_MAX = 256;

type Fields = Readonly<Record<string, unknown>>;

interface Told {
  readonly atMs: MonotonicMs;
  readonly times: number;
}

export class CallerLines {
  readonly #write: (fields: Fields) => void;
  readonly #now: () => MonotonicMs;
  /** By caller and reason, the newest last: when the last line was written, and how many came since. */
  readonly #told = new Map<string, Told>();
  #sinceMs: MonotonicMs | null = null;
  #lines = 0;
  /** Lines since then by share. */
  readonly #shares = new Map<string, number>();
  #untold = 0;

  constructor(write: (fields: Fields) => void, now: () => MonotonicMs) {
    this.#write = write;
    this.#now = now;
  }

  /**
   * `key`: the caller and the reason. `share`: the group that gets at most SHARE_MAX lines; null = only the
   * limit for all.
   */
  log(key: string, fields: Fields, share: string | null = null): void {
    const nowMs = this.#now();
    const { atMs, times } = this.#told.get(key) ?? { atMs: null, times: 0 };
    if (atMs !== null && elapsedMs(atMs, nowMs) < TELL_EVERY_MS) {
      this.#told.set(key, { atMs, times: times + 1 });
      return;
    }
    if (!this.#mayTell(nowMs, share)) {
      this.#untold += 1;
      return;
    }
    const others = this.#untold === 0 ? {} : { others: this.#untold };
    this.#untold = 0;
    this.#write({ ...fields, times: times + 1, ...others });
    this.#remember(key, nowMs);
  }

  #mayTell(nowMs: MonotonicMs, share: string | null): boolean {
    if (this.#sinceMs === null || elapsedMs(this.#sinceMs, nowMs) >= TELL_EVERY_MS) {
      this.#sinceMs = nowMs;
      this.#lines = 0;
      this.#shares.clear();
    }
    if (this.#lines >= LINES_MAX) return false;
    if (share !== null) {
      const lines = this.#shares.get(share) ?? 0;
      if (lines >= SHARE_MAX) return false;
      this.#shares.set(share, lines + 1);
    }
    this.#lines += 1;
    return true;
  }

  #remember(key: string, atMs: MonotonicMs): void {
    this.#told.delete(key);
    this.#told.set(key, { atMs, times: 0 });
    const [oldest = ""] = this.#told.keys();
    if (this.#told.size > CALLERS_MAX) this.#told.delete(oldest);
  }
}
