// Compare-and-set: a caller may say which version of a row it has seen, and is refused if that is no longer the one.
// Compared before anything else about the row, also when that already is as asked for. A retry of a write whose answer was
// lost is not judged again: its session remembers the outcome.

import { type Result, rejected } from "../result.ts";

/** The version of a row that is not there. */
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
