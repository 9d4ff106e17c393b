// Which replica led from when to when, and why that ended, as this replica saw it: a bounded list for
// operators, not replicated. What must stay true: only the last reign may be open, and terms never decrease.
// A leader that was only out of contact for a while keeps its one reign.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { NodeId, Term } from "../../base/ids.ts";

/** "superseded": a newer term began while the leader was known. */
export type ReignEnd = "handed-over" | "disconnected" | "silent" | "quorum-lost" | "superseded";

export interface Reign {
  readonly leader: NodeId;
  readonly term: Term;
  readonly fromMs: MonotonicMs;
  /** Null: it still leads, as far as this replica knows. */
  readonly end: { readonly atMs: MonotonicMs; readonly why: ReignEnd } | null;
}

const KEPT = 64;
// A failed transfer explains no later end.
const HINT_MS = 10_000;

export class Reigns {
  readonly #kept: Reign[] = [];
  #hint: { readonly why: ReignEnd; readonly atMs: MonotonicMs } | null = null;

  /** Oldest first. */
  get all(): readonly Reign[] {
    return this.#kept;
  }

  /** An event that will end the present reign, and explains it. */
  expect(why: ReignEnd, atMs: MonotonicMs): void {
    this.#hint = { why, atMs };
  }

  /** `leader` 0 = none is known. `wasOwn`: this replica itself led until now. */
  saw(leader: NodeId, term: Term, atMs: MonotonicMs, wasOwn: boolean): void {
    const last = this.#kept.at(-1);
    if (last !== undefined && last.leader === leader && last.term === term) {
      if (last.end !== null) this.#kept[this.#kept.length - 1] = { ...last, end: null };
      return;
    }
    if (last !== undefined && last.end === null) this.#endLast(last, term, atMs, wasOwn);
    if (leader === 0) return;
    assert(last === undefined || term >= last.term, "terms never go back");
    this.#kept.push({ leader, term, fromMs: atMs, end: null });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  #endLast(last: Reign, term: Term, atMs: MonotonicMs, wasOwn: boolean): void {
    const hint = this.#hint;
    this.#hint = null;
    const isExplained = hint !== null && atMs - hint.atMs <= HINT_MS;
    const why = isExplained ? hint.why : endOf(last, term, wasOwn);
    this.#kept[this.#kept.length - 1] = { ...last, end: { atMs, why } };
  }
}

// A leader resigns within its own term when it has not heard a quorum (CheckQuorum, Raft §6.2).
function endOf(last: Reign, term: Term, wasOwn: boolean): ReignEnd {
  if (term > last.term) return "superseded";
  return wasOwn ? "quorum-lost" : "silent";
}
