// Linearizability by its definition, for histories of a few operations: it tries every order of the completed
// operations and of any of the open ones. It has no short cut that could be wrong in the same way as the checker's.

import type { History, Operation } from "../../../src/core/check/history.ts";
import type { Model } from "../../../src/core/check/model.ts";

export function isLinearizableByDefinition<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): boolean {
  const completed = history.filter(({ completion }) => completion !== null);
  const tryAll = (order: History<Input, Output>, state: State): boolean => {
    if (completed.every((operation) => order.includes(operation)) && respectsRealTime(order)) return true;
    return history.some((operation) => {
      if (order.includes(operation)) return false;
      const next = model.step(state, operation.input, operation.completion?.output);
      return next !== undefined && tryAll([...order, operation], next);
    });
  };
  return tryAll([], model.initial());
}

/** Whether no operation is placed after one that was called only after its return. */
export function respectsRealTime(order: History<unknown, unknown>): boolean {
  return order.every((earlier, index) => order.slice(index + 1).every((later) => !precedes(later, earlier)));
}

function precedes(first: Operation<unknown, unknown>, second: Operation<unknown, unknown>): boolean {
  return first.completion !== null && first.completion.at < second.call;
}
