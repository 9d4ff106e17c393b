// The one turn of all groups of a process: the ready work of all of them is done together. So their messages
// share a frame for each peer, and their entries one write and one sync (group commit).

type Run = (run: () => void) => void;

export class Turns {
  readonly #later: Run;
  readonly #atEndOfPass: Run;
  #due: (() => void)[] = [];
  /** Whether a run is scheduled at all, and whether it is the earlier kind. */
  #isSet = false;
  #isSoon = false;

  /** `later` runs a turn after the present callback. A seam: simulations decide when both are. */
  constructor(later: Run, atEndOfPass: Run = later) {
    this.#later = later;
    this.#atEndOfPass = atEndOfPass;
  }

  /** `mayWait`: a busy group's turn, which gathers more of this pass. */
  readonly schedule = (turn: () => void, mayWait = false): void => {
    this.#due.push(turn);
    if (this.#isSoon || (this.#isSet && mayWait)) return;
    this.#isSet = true;
    this.#isSoon = !mayWait;
    const when = mayWait ? this.#atEndOfPass : this.#later;
    when(() => this.#run());
  };

  /** Whatever was scheduled twice finds nothing the second time. */
  #run(): void {
    const due = this.#due;
    this.#due = [];
    this.#isSet = false;
    this.#isSoon = false;
    for (const turn of due) turn();
  }
}
