// How far a peer's message may be ahead of this replica. Terms rise by one an election, and indexes by one an entry, so a
// correct member is ahead by what happened while this one was away, and by no more. Without a bound one message with the
// highest term of all would leave no term to elect a leader in (ADR-0023). Pure but for what is left of the allowance.

import type { LogIndex, Term } from "../base/ids.ts";
import type { Message } from "./message.ts";

/** In one message. An election a second for 194 days. */
const TERM_RISE_MAX = 2 ** 24;
/**
 * With each tick again, up to the above: a sender that lies all the time, at 20 ticks a second, takes 6 000 years to the end of
 * all terms.
 */
const TERM_RISE_PER_TICK = 2 ** 10;
/** 100 000 entries a second for 127 days. */
const INDEX_RISE_MAX = 2 ** 40;

/** What a replica knows of how far things are. */
interface Position {
  readonly term: Term;
  readonly lastIndex: LogIndex;
}

/** Whether a correct member may be so far ahead. `termRise`: by how much its message may raise the term now. */
export function isInReach(message: Message, own: Position, termRise = TERM_RISE_MAX): boolean {
  const { term, index, commit, rejectHint, snapshot } = message;
  // Who holds nothing knows nothing: a newcomer to a fleet whose numbers are large.
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

  /** A message has raised the term by so much. */
  rose(by: number): void {
    this.#termRise = Math.max(0, this.#termRise - by);
  }

  allows(message: Message, own: Position): boolean {
    return isInReach(message, own, this.#termRise);
  }
}
