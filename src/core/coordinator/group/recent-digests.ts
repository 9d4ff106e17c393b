// The state's digest after each of the last applied indexes, so that replicas can be compared where both have
// been. Stored as numbers: one is stored with every entry, and almost none is ever read. What must stay true:
// a slot counts only if it holds exactly the wanted index.

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

  /** Printed; null if it is unknown or was dropped. */
  at(index: number): string | null {
    const slot = index % KEPT;
    if (this.#indexes[slot] !== index) return null;
    return printLanes({ low: this.#lanes[2 * slot] ?? 0, high: this.#lanes[2 * slot + 1] ?? 0 });
  }

  forgetAll(): void {
    this.#indexes.fill(NONE);
  }
}
