// The one turn of all groups of a process: the ready work of all of them is done together. So their messages
// share a frame for each peer, and their entries one write and one sync (group commit).

export class Turns {
  readonly #later: (run: () => void) => void;
  #due: (() => void)[] = [];

  /** `later` runs a turn after the present callback. A seam: simulations decide when that is. */
  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  readonly schedule = (turn: () => void): void => {
    this.#due.push(turn);
    if (this.#due.length === 1) this.#later(() => this.#run());
  };

  #run(): void {
    const due = this.#due;
    this.#due = [];
    for (const turn of due) turn();
  }
}
