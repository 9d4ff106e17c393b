// The sequential specification that a history is checked against. Pure: a step returns the next state and
// does not change the given one, because the search returns to it.

/** Compared by identity, so that equal states are found in a map. */
export type StateKey = string | number | bigint | boolean | null;

export interface Model<State, Input, Output> {
  initial(): State;
  /**
   * The state after `input` was answered by `output`; undefined = the model never answers so in this state.
   * An undefined `output` is unknown: every possible answer is allowed. If none of them changes the state,
   * the state itself is returned.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states and only for them. */
  keyOf(state: State): StateKey;
  /** Operations in different parts never influence each other (Herlihy & Wing's locality); null = one part. */
  readonly partOf: ((input: Input) => string) | null;
  /** Null = none. Then every wrong order is followed until the answer that contradicts it. */
  readonly lookAhead: LookAhead<State, Input, Output> | null;
  /** One operation for people, such as `read → 4`. */
  describe(input: Input, output: Output | undefined): string;
}

/**
 * What later answers prove about the states before them. It changes no verdict, only how early a wrong order
 * is dropped. Example: appends in the wrong order are dropped long before the get that shows the right order
 * returns.
 */
export interface LookAhead<State, Input, Output> {
  /** Whether this is a read: its answer shows the state, which it never changes. */
  isRead(input: Input): boolean;
  /**
   * True if two things hold. All operations except reads are possible in every state. Those that may restore
   * lead from all states to the same one.
   */
  readonly readsAloneTell: boolean;
  /**
   * False only if a read after `state` never returns `output`, unless another operation overwrites the state
   * first.
   */
  mayLeadTo(state: State, output: Output): boolean;
  /** False only if this operation never leads from a state that can't lead to `output` to one that can. */
  mayRestore(input: Input, output: Output): boolean;
}
