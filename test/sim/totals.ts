// What many runs came to, for the line that `npm run sim` prints now and then and at the end.

import type { RunResult } from "../../src/core/sim/run-result.ts";

const PROGRESS_EVERY_MS = 10_000;
const MS_PER_HOUR = 3_600_000;

export class Totals {
  readonly #startedAt = performance.now();
  #toldAt = performance.now();
  #seeds = 0;
  #healed = 0;
  #simulatedMs = 0;
  #steps = 0;
  #writes = 0;
  #reads = 0;
  #judged = 0;
  #termsMax = 0;

  add({ simulatedMs, counts, wasHealed }: RunResult): void {
    this.#seeds += 1;
    this.#healed += wasHealed ? 1 : 0;
    this.#simulatedMs += simulatedMs;
    this.#steps += counts.steps;
    this.#writes += counts.writes;
    this.#reads += counts.reads;
    this.#judged += counts.judged;
    this.#termsMax = Math.max(this.#termsMax, counts.terms);
    if (performance.now() - this.#toldAt < PROGRESS_EVERY_MS) return;
    this.#toldAt = performance.now();
    console.log(this.summary());
  }

  summary(): string {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const rate = (this.#seeds / seconds).toFixed(1);
    const hours = (this.#simulatedMs / MS_PER_HOUR).toFixed(2);
    return (
      `sim: ${this.#seeds} seeds (${this.#healed} healed), ${rate} seeds/s, ${hours} simulated hours, ` +
      `${this.#steps} steps, ${this.#writes} writes, ${this.#reads} reads, ${this.#judged} judged, at most ${this.#termsMax} terms`
    );
  }
}
