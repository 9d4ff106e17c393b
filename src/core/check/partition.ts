// Splits a history into the parts that a model calls independent. A history is linearizable exactly if each
// of its parts is (Herlihy & Wing 1990, Theorem 1; P-compositionality, Horn & Kroening 2015). Searching all
// parts takes the sum of their times, not the product.

import type { History, Operation } from "./history.ts";
import type { Model } from "./model.ts";

export interface Part<Input, Output> {
  /** null = the model has only one part. */
  readonly name: string | null;
  readonly history: History<Input, Output>;
}

/** The parts, in order of their first operations; an empty history has none. */
export function partition<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): readonly Part<Input, Output>[] {
  const parts = new Map<string | null, Operation<Input, Output>[]>();
  for (const operation of history) {
    const name = model.partOf?.(operation.input) ?? null;
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [operation]);
    else part.push(operation);
  }
  return [...parts].map(([name, operations]) => ({ name, history: operations }));
}
