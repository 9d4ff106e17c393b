// Compare-and-set: a caller may name the version of a row that it has seen, and is refused if the row has
// another one. This is checked before anything else about the row, even if the row is already as wanted. A
// retry of a write whose answer was lost is not checked again: its session has stored the outcome.

import { type Result, rejected } from "../result.ts";

/** The version of a row that does not exist. */
export const ABSENT = 0;

/** The refusal, which shows the current version, or null. `what` names the row: "cluster c1". */
export function checkVersion(
  what: string,
  row: { readonly version: number } | undefined,
  expected: number | undefined,
): Result | null {
  const actual = row?.version ?? ABSENT;
  if (expected === undefined || expected === actual) return null;
  return rejected("VERSION_CONFLICT", { actual, expected, row: what });
}
