// Evidence as lines for people: the longest order of the operations that was found, and the operations that
// were left. Pure text.

import type { Evidence } from "./evidence.ts";
import type { Operation } from "./history.ts";
import type { Model } from "./model.ts";

/** Of a long order only the end is shown. */
const ORDER_SHOWN_MAX = 5;

export function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  evidence: Evidence<State, Input, Output>,
): readonly string[] {
  const { part, prefix, until, isSmallest } = evidence;
  const { order, state, blocked } = evidence.deadEnd;
  const line = (operation: Operation<Input, Output>, mark: string) =>
    `${mark} ${timesOf(operation)} process ${operation.process}: ` +
    model.describe(operation.input, operation.completion?.output);

  const placed = new Set(order);
  const left = prefix.filter((operation) => !placed.has(operation) && isConcurrent(operation, blocked));
  const hidden = Math.max(0, order.length - ORDER_SHOWN_MAX);
  return [
    `not linearizable${part === null ? "" : ` in ${part}`}: the first ${prefix.length} operations, ` +
      `until the return at ${until}${isSmallest ? "" : " (the budget was not enough to look for fewer)"}`,
    "the longest order that was found:",
    ...(hidden === 0 ? [] : [`  … ${hidden} before`]),
    ...order.slice(hidden).map((operation) => line(operation, " ")),
    `then, in state ${String(JSON.stringify(model.keyOf(state)))}, the marked one had to be next and could not:`,
    ...left.map((operation) => line(operation, operation === blocked ? ">" : " ")),
  ];
}

function timesOf({ call, completion }: Operation<unknown, unknown>): string {
  return `[${call}, ${completion?.at ?? "…"}]`;
}

/** Whether it could have been placed instead of `blocked`. An operation that was called later could not. */
function isConcurrent(operation: Operation<unknown, unknown>, blocked: Operation<unknown, unknown>): boolean {
  return operation.call <= (blocked.completion?.at ?? Number.POSITIVE_INFINITY);
}
