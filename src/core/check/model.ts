// The sequential specification that a history is checked against. Pure: a step returns the next state and leaves
// the given one as it was, since the search goes back to it.

/** Compared by identity, so that equal states are found in a map. */
export type StateKey = string | number | bigint | boolean | null;

export interface Model<State, Input, Output> {
  initial(): State;
  /**
   * The state after `input` was answered by `output`; undefined = the model never answers so in this state.
   * An undefined `output` is not known: every possible answer is allowed, and where none of them changes the
   * state, the state itself is returned.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states and only for them. */
  keyOf(state: State): StateKey;
  /** Operations in different parts never influence each other (Herlihy & Wing's locality); null = one part. */
  readonly partOf: ((input: Input) => string) | null;
  /** Null = none; then every wrong order is followed until the answer that contradicts it is due. */
  readonly lookAhead: LookAhead<State, Input, Output> | null;
  /** One operation for people, such as `read → 4`. */
  describe(input: Input, output: Output | undefined): string;
}

/**
 * What answers that are yet to come tell of the states before them. It changes no verdict, only how early a wrong
 * order is given up: appends in the wrong order, say, long before the get that shows the right one returns.
 */
export interface LookAhead<State, Input, Output> {
  /** Whether this is a read: its answer shows the state, which it never changes. */
  isRead(input: Input): boolean;
  /** Whether all others are possible in every state, and those that may restore lead from all to the same one. */
  readonly readsAloneTell: boolean;
  /** False only if a read is never answered by `output` after `state`, unless something overwrites that. */
  mayLeadTo(state: State, output: Output): boolean;
  /** False only if, from a state that may not lead to `output`, this never leads to one that may. */
  mayRestore(input: Input, output: Output): boolean;
}
