// Lines of the log about callers, which no flood fills. What must stay true: the same caller for the same reason is told at
// once, and then with its number when another ten seconds are over and it still comes; of all callers together LINES_MAX are
// told in ten seconds, SHARE_MAX of them of one share, and the rest is counted.

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";

export const TELL_EVERY_MS = 10_000;
export const LINES_MAX = 32;
/** Of one share, where the caller has one. */
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
  /** By caller and reason, the newest last: when the log told of it, and how often it came since. */
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

  /** `key`: the caller and the reason. `share`: who gets SHARE_MAX lines alone; null = no bound but that of all. */
  tell(key: string, fields: Fields, share: string | null = null): void {
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
