// Starts an action at a steady rate, whatever happened to earlier ones. Must stay true: a late timer catches
// up, so the rate is kept on average. `stop` resolves when every started action has ended.

export class Pace {
  readonly #act: () => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  readonly #everyMs: number;
  readonly #timer: NodeJS.Timeout;
  #started = 0;

  /** `act` never rejects. */
  constructor(everyMs: number, act: () => Promise<void>) {
    this.#act = act;
    this.#everyMs = everyMs;
    this.#timer = setInterval(() => this.#startDue(), everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  #startDue(): void {
    const due = Math.floor((performance.now() - this.#startedMs) / this.#everyMs);
    for (; this.#started < due; this.#started += 1) {
      const action = this.#act();
      this.#underWay.add(action);
      void action.then(() => this.#underWay.delete(action));
    }
  }
}
