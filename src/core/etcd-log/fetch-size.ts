// How many batches one fetch asks for, and how long it may take. After a fetch times out, the next one asks for half as
// many and may take twice as long. So a log comes through any connection. It grows again once answers are quick.

const BATCHES_MAX = 16;
const LIMIT_MS = 2_000;
/** 16, 8, 4, 2, 1 batches. */
const STEPS_MAX = 4;
/** A deadline may end a little early by another clock. */
const NEARLY = 0.9;

export class FetchSize {
  #step = 0;

  get batches(): number {
    return BATCHES_MAX >> this.#step;
  }

  get limitMs(): number {
    return LIMIT_MS << this.#step;
  }

  answered(tookMs: number): void {
    if (tookMs < LIMIT_MS / 4) this.#step = Math.max(0, this.#step - 1);
  }

  /** A fetch that failed at once says nothing about its size. */
  failed(tookMs: number): void {
    if (tookMs >= this.limitMs * NEARLY) this.#step = Math.min(STEPS_MAX, this.#step + 1);
  }
}
