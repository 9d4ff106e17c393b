// How far a peer's message may be ahead of this replica. Terms rise by one an election, indexes by one an
// entry. A correct member is therefore ahead only by what happened while this replica was away. Without a
// bound, one message with the highest possible term would leave no term to elect a leader in (ADR-0023). Pure
// except for the remaining allowance.

import type { LogIndex, Term } from "../base/ids.ts";
import type { Message } from "./message.ts";

/** The largest rise of the term in one message. It equals an election a second for 194 days. */
const TERM_RISE_MAX = 2 ** 24;
/**
 * The allowance grows by this much a tick, up to the maximum above. A sender that always lies needs 6 000
 * years at 20 ticks a second to use up all terms.
 */
const TERM_RISE_PER_TICK = 2 ** 10;
/** The largest rise of the index in one message. It equals 100 000 entries a second for 127 days. */
const INDEX_RISE_MAX = 2 ** 40;

/** Term and indexes that a replica knows. */
interface Position {
  readonly term: Term;
  readonly lastIndex: LogIndex;
}

/** Whether a correct member may be so far ahead. `termRise`: how much its message may raise the term now. */
export function isInReach(message: Message, own: Position, termRise = TERM_RISE_MAX): boolean {
  const { term, index, commit, rejectHint, snapshot } = message;
  // An empty replica accepts any position: it may be a new member of an old fleet with large numbers.
  if (own.lastIndex === 0 && own.term === 0) return true;
  if (term - own.term > termRise) return false;
  const highest = Math.max(index, commit, rejectHint, snapshot?.index ?? 0);
  return own.lastIndex === 0 || highest - own.lastIndex <= INDEX_RISE_MAX;
}

/** One replica's allowance. */
export class Reach {
  #termRise = TERM_RISE_MAX;

  tick(): void {
    this.#termRise = Math.min(TERM_RISE_MAX, this.#termRise + TERM_RISE_PER_TICK);
  }

  /** A message has raised the term by `by`. */
  rose(by: number): void {
    this.#termRise = Math.max(0, this.#termRise - by);
  }

  allows(message: Message, own: Position): boolean {
    return isInReach(message, own, this.#termRise);
  }
}
