// The object of a command is its argument: `fleet member remove n3`. Earlier builds took it as a flag (`--name n3`), which
// stays as a hidden alias.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";

/** The flag of earlier builds. */
export const aliasFlag = () => Flags.string({ hidden: true });

/** The same for an object that may be left away. */
export function optionalObjectOf(
  given: string | undefined,
  alias: string | undefined,
  what: string,
): string | undefined {
  return given === undefined && alias === undefined ? undefined : objectOf(given, alias, what);
}

/** Throws `OperatorError` (usage) unless exactly one of both was given. `what`: as the help calls it, CLUSTER or --to. */
export function objectOf(given: string | undefined, alias: string | undefined, what: string): string {
  if (given !== undefined && alias !== undefined) throw wrong(`${what} is given twice`, "give it once");
  const object = given ?? alias;
  if (object === undefined) throw wrong(`${what} is missing`, "see what it takes with --help");
  return object;
}

/** The same for a list: arguments and uses of the alias add up. `words` may hold flags that oclif did not know. */
export function objectsOf(words: readonly unknown[], aliases: readonly string[], what: string): string[] {
  const objects = [...words.map(String), ...aliases];
  const flag = objects.find((word) => word.startsWith("-"));
  if (flag !== undefined) throw wrong(`unknown flag: ${flag}`, "see the flags with --help");
  if (objects.length === 0) throw wrong(`${what} is missing`, "see what it takes with --help");
  return objects;
}

function wrong(what: string, next: string): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}
