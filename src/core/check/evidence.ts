// Why a history is not linearizable: its smallest prefix that already is not. With its last return still
// outstanding the prefix would be linearizable, so what that return said is what contradicts the rest.

import { present } from "../base/assert.ts";
import { cutAfter, type History, returnsOf } from "./history.ts";
import type { Model } from "./model.ts";
import type { Part } from "./partition.ts";
import { type DeadEnd, search } from "./search.ts";

export interface Evidence<State, Input, Output> {
  /** Which part of the history this is about; null if the model has only one. */
  readonly part: string | null;
  /** The part's operations that were called before `until`; those cut off are open. */
  readonly prefix: History<Input, Output>;
  /** The place of the prefix's last return. */
  readonly until: number;
  /** False if the budget ran out while a smaller prefix was looked for. */
  readonly isSmallest: boolean;
  /** How far the prefix could be ordered. */
  readonly deadEnd: DeadEnd<State, Input, Output>;
}

/** A part whose search ended in a dead end. */
export interface Violation<State, Input, Output> {
  readonly part: Part<Input, Output>;
  readonly deadEnd: DeadEnd<State, Input, Output>;
}

/** The budget for showing an order without look-ahead, which matters less than being quick. */
const STEPS_TO_SHOW_MAX = 100_000;

/** Of all parts' smallest offending prefixes the one that ends first: the whole history's. */
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
  // With look-ahead orders are given up early; people want to see the answer that does not fit.
  const plain = search({ ...model, lookAhead: null }, found.prefix, Math.min(stepsMax, STEPS_TO_SHOW_MAX));
  return plain.kind === "not-linearizable" ? { ...found, deadEnd: plain.deadEnd } : found;
}

/** The smallest offending prefix of one part. */
function narrow<State, Input, Output>(
  model: Model<State, Input, Output>,
  { part, deadEnd }: Violation<State, Input, Output>,
  stepsMax: number,
): Evidence<State, Input, Output> {
  const returns = returnsOf(part.history);
  const last = present(returns.at(-1), "a history that is not linearizable has a return");
  let isSmallest = true;
  let found = { prefix: cutAfter(part.history, last), until: last, deadEnd };
  // What returned before the dead end was placed there, so every smaller prefix is linearizable.
  let low = returns.indexOf(present(deadEnd.blocked.completion, "a blocked operation returned").at);
  let high = returns.length - 1;
  // Prefixes of a linearizable history are linearizable, so the offending ones are all from some length on. The
  // first that is tried is the likely one: the dead end itself.
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
