// Pieces of work that never overlap: each begins when the one before it has ended.

export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** A failure is the caller's, and stops no later work. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
