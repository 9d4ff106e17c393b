// Why a history is not linearizable: its smallest prefix that is not. Without its last return that prefix
// would be linearizable, so the answer of that return contradicts the rest.

import { present } from "../base/assert.ts";
import { cutAfter, type History, returnsOf } from "./history.ts";
import type { Model } from "./model.ts";
import type { Part } from "./partition.ts";
import { type DeadEnd, search } from "./search.ts";

export interface Evidence<State, Input, Output> {
  /** The part of the history that this is about; null if the model has only one. */
  readonly part: string | null;
  /** The part's operations that were called before `until`. Those without a return by then are open. */
  readonly prefix: History<Input, Output>;
  /** The place of the prefix's last return. */
  readonly until: number;
  /** False if the budget ran out during the search for a smaller prefix. */
  readonly isSmallest: boolean;
  /** The longest order of the prefix that was found. */
  readonly deadEnd: DeadEnd<State, Input, Output>;
}

/** A part whose search ended in a dead end. */
export interface Violation<State, Input, Output> {
  readonly part: Part<Input, Output>;
  readonly deadEnd: DeadEnd<State, Input, Output>;
}

/** The budget for the search without look-ahead that shows an order. It is small: speed matters more here. */
const STEPS_TO_SHOW_MAX = 100_000;

/** The smallest violating prefix of the whole history: of all parts' prefixes, the one that ends first. */
export function findEvidence<State, Input, Output>(
  model: Model<State, Input, Output>,
  violations: readonly [Violation<State, Input, Output>, ...Violation<State, Input, Output>[]],
  stepsMax: number,
): Evidence<State, Input, Output> {
  const [first, ...others] = violations;
  let found = narrow(model, first, stepsMax);
  for (const { part } of others) {
    const history = cutAfter(part.history, found.until);
    const result = search(model, history, stepsMax);
    if (result.kind === "not-linearizable") {
      const violation = { part: { ...part, history }, deadEnd: result.deadEnd };
      const isSmallest = found.isSmallest;
      found = narrow(model, violation, stepsMax);
      found = { ...found, isSmallest: found.isSmallest && isSmallest };
    } else if (result.kind === "unknown") {
      found = { ...found, isSmallest: false };
    }
  }
  // With look-ahead wrong orders are dropped early. Readers want to see the answer that does not fit.
  const plain = search({ ...model, lookAhead: null }, found.prefix, Math.min(stepsMax, STEPS_TO_SHOW_MAX));
  return plain.kind === "not-linearizable" ? { ...found, deadEnd: plain.deadEnd } : found;
}

/** The smallest violating prefix of one part. */
function narrow<State, Input, Output>(
  model: Model<State, Input, Output>,
  { part, deadEnd }: Violation<State, Input, Output>,
  stepsMax: number,
): Evidence<State, Input, Output> {
  const returns = returnsOf(part.history);
  const last = present(returns.at(-1), "a history that is not linearizable has a return");
  let isSmallest = true;
  let found = { prefix: cutAfter(part.history, last), until: last, deadEnd };
  // All operations that returned before the dead end were placed there, so every smaller prefix is
  // linearizable.
  let low = returns.indexOf(present(deadEnd.blocked.completion, "a blocked operation returned").at);
  let high = returns.length - 1;
  // Prefixes of a linearizable history are linearizable. So from some length on, all prefixes violate. The
  // first one tried is the likely one: the dead end itself.
  for (let tried = low; low < high; tried = Math.floor((low + high) / 2)) {
    const until = present(returns[tried], "a return that is tried exists");
    const prefix = cutAfter(part.history, until);
    const result = search(model, prefix, stepsMax);
    if (result.kind === "not-linearizable") {
      high = tried;
      found = { prefix, until, deadEnd: result.deadEnd };
    } else {
      if (result.kind === "unknown") isSmallest = false;
      low = tried + 1;
    }
  }
  return { part: part.name, isSmallest, ...found };
}
