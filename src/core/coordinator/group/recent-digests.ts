// The state's digest after each of the last applied indexes, so that replicas can be compared where both have been.
// Kept as numbers: one is remembered with every entry, and hardly one is ever asked for.
// What must stay true: a slot is believed only if it holds the very index that is asked for.

import { type Lanes, printLanes } from "../../fleet/tables/row-hash.ts";

const KEPT = 4096;
const NONE = -1;

export class RecentDigests {
  readonly #indexes = new Float64Array(KEPT).fill(NONE);
  readonly #lanes = new Uint32Array(2 * KEPT);

  remember(index: number, { low, high }: Lanes): void {
    const slot = index % KEPT;
    this.#indexes[slot] = index;
    this.#lanes[2 * slot] = low;
    this.#lanes[2 * slot + 1] = high;
  }

  /** Printed; null when it is not, or no longer, known. */
  at(index: number): string | null {
    const slot = index % KEPT;
    if (this.#indexes[slot] !== index) return null;
    return printLanes({ low: this.#lanes[2 * slot] ?? 0, high: this.#lanes[2 * slot + 1] ?? 0 });
  }

  forgetAll(): void {
    this.#indexes.fill(NONE);
  }
}
