// One timer for many deadlines: set to the earliest, so that thousands of waiting calls cost one timer.
// It keeps the process alive while it is set; whoever has nothing left to wait for stops it.

export class DeadlineTimer {
  readonly #expire: (nowMs: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  /** `expire` deals with everything due at `nowMs` (since 1970) and returns the earliest deadline left, or infinity. */
  constructor(expire: (nowMs: number) => number) {
    this.#expire = expire;
  }

  /** From now on something waits until `deadline`. */
  cover(deadline: number): void {
    if (deadline >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = deadline;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, deadline - Date.now()));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    const nextMs = this.#expire(Date.now());
    if (nextMs !== Number.POSITIVE_INFINITY) this.cover(nextMs);
  }
}
