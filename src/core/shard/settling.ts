// Whether a shard knows yet what its clusters use. Who has which machines is on no disk: after a start all of them look
// idle until the agents are back and have told their demand, and idle machines may be given away. Pure.

import type { BindingTable } from "./binding-table.ts";

/** Rounds of the scheduler with all clusters there: the first may come before a roll-up that is on its way. */
const ROUNDS = 2;
/** Twice an agent's longest pause between two dials: who is not back by then may be away for good. */
const WAIT_MAX_MS = 60_000;

export class Settling {
  readonly #startedMs: number;
  #rounds = 0;
  #isOver = false;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  /** Once it is over it stays over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A round of the scheduler begins. */
  round(nowMs: number, bindings: BindingTable, hasSession: (cluster: string) => boolean): void {
    const isThere = ([cluster, { kind }]: [string, { readonly kind: string }]) =>
      kind !== "bound" || hasSession(cluster);
    this.#rounds = [...bindings].every(isThere) ? this.#rounds + 1 : 0;
    this.#isOver ||= this.#rounds >= ROUNDS || nowMs - this.#startedMs >= WAIT_MAX_MS;
  }
}
