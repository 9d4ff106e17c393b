// Whether a shard knows already what its clusters use. Allocations of machines are on no disk. After a start
// all machines look idle until the agents have dialed again and sent their demand, and idle machines may be
// given away. Pure.

import type { BindingTable } from "./binding-table.ts";

/**
 * Rounds of the scheduler with all clusters present: the first may come before a roll-up that is on its way.
 */
const ROUNDS = 2;
/** Twice an agent's longest pause between two dials: an agent that is still absent may never return. */
const WAIT_MAX_MS = 60_000;

export class Settling {
  readonly #startedMs: number;
  #rounds = 0;
  #isOver = false;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Once true it stays true. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A round of the scheduler starts. */
  round(nowMs: number, bindings: BindingTable, hasSession: (cluster: string) => boolean): void {
    const isThere = ([cluster, { kind }]: [string, { readonly kind: string }]) =>
      kind !== "bound" || hasSession(cluster);
    this.#rounds = [...bindings].every(isThere) ? this.#rounds + 1 : 0;
    this.#isOver ||= this.#rounds >= ROUNDS || nowMs - this.#startedMs >= WAIT_MAX_MS;
  }
}
