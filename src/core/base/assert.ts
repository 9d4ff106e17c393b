// Assertions catch our own bugs and stop the process. A caller's mistake is a value or a typed error.

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** States an invariant. `claim` is the sentence that must be true. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`broken invariant: ${claim}`);
}

/** The value, asserted to be present. `claim` says why it must be. */
export function present<T>(value: T | null | undefined, claim: string): T {
  assert(value !== null && value !== undefined, claim);
  return value;
}

/** Whether only a mistake in our own code throws this. Failed input and output are other errors. */
export function isBug(error: unknown): error is Error {
  return [AssertionError, TypeError, RangeError, ReferenceError].some((kind) => error instanceof kind);
}
