// Failures that pass: a new leader, a lost answer. What was written is written once, so it is tried again.

import { Exit, OperatorError } from "../../../core/base/errors.ts";

export function isTransient(error: unknown): boolean {
  if (!(error instanceof OperatorError)) return false;
  const { exit } = error.parts;
  return exit === Exit.NoQuorum || exit === Exit.TimedOut || error.code === "OVERLOADED";
}
