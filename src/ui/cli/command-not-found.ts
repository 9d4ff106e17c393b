// oclif's hook for a command that does not exist: a suggestion and exit code 127, in place of the not-found plugin,
// which asks a question that a script cannot answer.
import { Errors, type Hook } from "@oclif/core";
import { Exit } from "../../core/base/errors.ts";
import { closest } from "../model/closest.ts";
import { paintFor, wantsColor } from "./color.ts";
import { type Failure, failureJson, failureText } from "./failure.ts";
import { optionsFromArgv } from "./output-flags.ts";

/** What is said of `typed` (words separated by spaces) when only `known` commands exist. */
export function unknownCommand(typed: string, known: readonly string[]): Failure {
  const near = closest(typed, known);
  const command = known.filter((name) => typed.startsWith(`${name} `)).at(-1);
  if (near === null && command !== undefined)
    return unexpectedWords(command, typed.slice(command.length + 1));
  const meant = near ?? closestTopic(typed, known);
  return {
    code: "FLEET_E_UNKNOWN_COMMAND",
    exit: Exit.UnknownCommand,
    what: `there is no command "${typed}"`,
    why: null,
    next: meant === null ? "fleet --help" : `did you mean "fleet ${meant}"? (fleet --help lists all)`,
    endpoint: null,
  };
}

// oclif takes the words behind a command that has no arguments for a longer command's name.
function unexpectedWords(command: string, words: string): Failure {
  return {
    code: "FLEET_E_USAGE",
    exit: Exit.Usage,
    what: `unexpected argument: ${words}`,
    why: null,
    next: `fleet ${command} --help`,
    endpoint: null,
  };
}

/** Says that `id` is no command, and ends the process. Ids are oclif's, with colons. */
export function refuseCommand(id: string, commandIds: readonly string[], argv: readonly string[]): never {
  const known = commandIds.map((name) => name.replaceAll(":", " "));
  const failure = unknownCommand(id.replaceAll(":", " "), known);
  const options = optionsFromArgv(argv, process.env);
  if (options.format === "json") {
    process.stdout.write(`${failureJson(failure, true)}\n`);
  } else {
    const isTerminal = process.stderr.isTTY === true;
    const paint = paintFor(wantsColor({ refused: options.noColor, isTerminal, env: process.env }));
    process.stderr.write(`${failureText(failure, paint)}\n`);
  }
  return Errors.exit(failure.exit);
}

const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) =>
  refuseCommand(id, config.commandIDs, argv);

// "shard lst" is near "shard list" already; "shrd" alone is near the topic of several commands.
function closestTopic(typed: string, known: readonly string[]): string | null {
  const topics = known.map((name) => name.split(" ", 1)[0] ?? name);
  return closest(typed.split(" ", 1)[0] ?? typed, topics);
}

export default hook;
