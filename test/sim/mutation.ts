// What a deliberate bug is: patches of the source's text, and who must find it. What must stay true: a patch fits exactly
// one place; when the code changes, the patch changes with it.

export interface Edit {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** A test that finds the bug, for one that random runs meet too seldom. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

export interface Mutation {
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** Without one, the simulator must find it. */
  readonly test?: NamedTest;
}
