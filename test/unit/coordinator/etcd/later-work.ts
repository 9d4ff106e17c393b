// Passes of the event loop that a test makes: work that a hub leaves for later.

export class LaterWork {
  readonly #left: (() => void)[] = [];

  readonly add = (work: () => void): void => {
    this.#left.push(work);
  };

  /** Passes until nothing is left to do. */
  settle(): void {
    for (let passes = 0; this.#left.length > 0; passes += 1) {
      if (passes > 1_000) throw new Error("the hub never settles");
      this.pass();
    }
  }

  pass(): void {
    for (const work of this.#left.splice(0)) work();
  }
}
