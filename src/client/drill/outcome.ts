// What a failed write proves about its outcome. Only a definite refusal means that it was not applied; after
// any other error, even a bug of ours, the outcome is unknown.

import { Exit, OperatorError } from "../../core/base/errors.ts";

/** Errors that mean that a request was checked and refused. */
const REFUSED: readonly Exit[] = [Exit.Usage, Exit.NotFound, Exit.Authentication, Exit.Precondition];
/** Refusals of a repetition: the first attempt's outcome has been deleted. */
const FORGOTTEN = new Set(["SESSION_EXPIRED", "SEQUENCE_FORGOTTEN"]);

/** The name under which an error is counted. */
export function codeOf(error: unknown): string {
  return error instanceof OperatorError ? error.code : "INTERNAL";
}

export function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof OperatorError)) return true;
  return !REFUSED.includes(error.parts.exit) || FORGOTTEN.has(error.code);
}
