// What a failed write tells of its outcome. Only a definite refusal means that it was not applied; everything else,
// a bug of ours included, leaves open whether it was.

import { Exit, OperatorError } from "../../core/base/errors.ts";

/** Failures that say of a request that it was looked at and refused. */
const REFUSED: readonly Exit[] = [Exit.Usage, Exit.NotFound, Exit.Authentication, Exit.Precondition];
/** Refusals of a repetition: what became of the first attempt is forgotten. */
const FORGOTTEN = new Set(["SESSION_EXPIRED", "SEQUENCE_FORGOTTEN"]);

/** What an error is counted as. */
export function codeOf(error: unknown): string {
  return error instanceof OperatorError ? error.code : "INTERNAL";
}

export function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof OperatorError)) return true;
  return !REFUSED.includes(error.parts.exit) || FORGOTTEN.has(error.code);
}
