// The input of a checker: the operations of a run, each with its place in the one total order of calls and
// returns. What must stay true: an operation without a completion may have taken effect at any time after its
// call, or never. Deliberately absent: clocks. A time is a place in that order, whatever counted it.

export interface Operation<Input, Output> {
  readonly process: number;
  /** The place of the call. A return at the same place counts as later, so that the two are concurrent. */
  readonly call: number;
  readonly input: Input;
  /** null = the outcome is unknown: the client gave up or crashed, or the history ends before the return. */
  readonly completion: Completion<Output> | null;
}

interface Completion<Output> {
  /** The place of the return. */
  readonly at: number;
  readonly output: Output;
}

export type History<Input, Output> = readonly Operation<Input, Output>[];

/** What was known right after place `at`: without later calls, and with later returns still pending. */
export function cutAfter<Input, Output>(history: History<Input, Output>, at: number): History<Input, Output> {
  return history
    .filter((operation) => operation.call <= at)
    .map((operation) => (isOpenAt(operation, at) ? { ...operation, completion: null } : operation));
}

/** The places of the returns, ascending. */
export function returnsOf(history: History<unknown, unknown>): readonly number[] {
  return completedOf(history)
    .map(({ completion }) => completion.at)
    .sort((a, b) => a - b);
}

export interface CompletedOperation<Input, Output> extends Operation<Input, Output> {
  readonly completion: Completion<Output>;
}

export function completedOf<Input, Output>(
  history: History<Input, Output>,
): readonly CompletedOperation<Input, Output>[] {
  return history.filter(isCompleted);
}

/** The operations of unknown outcome. */
export function openOf<Input, Output>(history: History<Input, Output>): History<Input, Output> {
  return history.filter(({ completion }) => completion === null);
}

function isCompleted<Input, Output>(
  operation: Operation<Input, Output>,
): operation is CompletedOperation<Input, Output> {
  return operation.completion !== null;
}

function isOpenAt({ completion }: Operation<unknown, unknown>, at: number): boolean {
  return completion !== null && completion.at > at;
}
