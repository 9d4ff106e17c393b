// The one place that refuses empty values. `--to ''` is most likely `--to "$TARGET"` with TARGET unset. What an absent
// flag means ("any", "none", "all") is seldom what the operator wanted.
import type { ParserOutput } from "@oclif/core/interfaces";
import { Exit, OperatorError } from "../../core/base/errors.ts";

/** Throws `OperatorError` (usage) for a flag or argument with an empty value. `meaningful`: flags for which it says something. */
export function refuseEmptyValues(given: ParserOutput["raw"], meaningful: readonly string[]): void {
  const empty = given.find(
    (token) => token.input === "" && !(token.type === "flag" && meaningful.includes(token.flag)),
  );
  if (empty === undefined) return;
  const name = empty.type === "flag" ? `--${empty.flag}` : argumentName(empty.arg);
  throw new OperatorError("USAGE", {
    what: `${name} is empty`,
    why: "most likely a shell variable is not set",
    next: `give it a value, or leave ${empty.type === "flag" ? name : "it"} out`,
    exit: Exit.Usage,
  });
}

/** oclif names only the first of a list of arguments. */
const argumentName = (name: string | undefined): string =>
  name === undefined ? "an argument" : `the argument ${name.toUpperCase()}`;
