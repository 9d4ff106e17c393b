// oclif's hook for a command that does not exist: a suggestion and exit code 127. It replaces the not-found plugin,
// which asks a question that a script cannot answer.
import { Errors, type Hook, type Interfaces } from "@oclif/core";
import { Exit } from "../../core/base/errors.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import { closest } from "../model/closest.ts";
import { paintFor, wantsColor } from "./color.ts";
import { type Failure, failureJson, failureText } from "./failure.ts";
import { optionsFromArgv } from "./output-flags.ts";
import { writeData, writeRemarks } from "./terminal.ts";

/** The flags without which a command's `id` does not run. */
type RequiredFlags = (id: string) => readonly string[];

/** What is said of a command's `id` when only those in `ids` exist. Both are oclif's, with colons. */
export function unknownCommand(
  id: string,
  ids: readonly string[],
  requiredFlags: RequiredFlags = () => [],
): Failure {
  const typed = wordsOf(id);
  const known = ids.map(wordsOf);
  if (typed.startsWith("-")) return wrongUsage(`the flag ${typed} stands before the command`, "fleet --help");
  const command = longest(known.filter((name) => typed.startsWith(`${name} `)));
  // For a complete command, only longer commands that begin with it are proposed. A short extra word is no typo of it.
  const meant = command === undefined ? known : known.filter((name) => name.startsWith(`${command} `));
  const near = closestOf(typed, meant);
  // oclif takes the words behind a command that has no arguments for a longer command's name.
  if (near === null && command !== undefined) {
    const words = typed.slice(command.length + 1);
    const [flag, ...others] = requiredFlags(command.replaceAll(" ", ":"));
    const isFlags = flag !== undefined && others.length === 0 && !words.includes(" ");
    const help = `fleet ${command} --help`;
    // No whole command to be copied: this one might lack the --dry-run that was typed.
    const next = isFlags ? `did you mean --${flag} ${words}? (${help})` : help;
    return wrongUsage(`unexpected argument: ${words}`, next);
  }
  return {
    code: "FLEET_E_UNKNOWN_COMMAND",
    exit: Exit.UnknownCommand,
    what: `there is no command "${typed}"`,
    why: null,
    next: nextStep(near, typed, known),
    endpoint: null,
    current: null,
  };
}

/** A drill that was named as if it were a command: another fault's command is no near enough word for it. */
function closestOf(typed: string, known: readonly string[]): string | null {
  const drills = new Map(DRILLS.map(({ name }) => [`drill ${name}`, `drill run ${name}`]));
  const others = known.includes("drill run") ? [...drills.keys()] : [];
  const near = closest(typed, [...known, ...others]);
  return near === null || known.includes(near) ? near : (drills.get(near) ?? null);
}

const wordsOf = (id: string): string => id.replaceAll(":", " ");

const longest = (names: readonly string[]): string | undefined =>
  names.toSorted((a, b) => a.length - b.length).at(-1);

function wrongUsage(what: string, next: string): Failure {
  return { code: "FLEET_E_USAGE", exit: Exit.Usage, what, why: null, next, endpoint: null, current: null };
}

function nextStep(near: string | null, typed: string, known: readonly string[]): string {
  const topic = closestTopic(typed, known);
  if (near === null && topic !== null && typed.startsWith(`${topic} `)) return `fleet ${topic} --help`;
  const meant = near ?? topic;
  return meant === null ? "fleet --help" : `did you mean "fleet ${meant}"? (fleet --help lists all)`;
}

/** Says that `id` is no command, and ends the process. */
export function refuseCommand(
  id: string,
  commandIds: readonly string[],
  argv: readonly string[],
  requiredFlags?: RequiredFlags,
): never {
  const failure = unknownCommand(id, commandIds, requiredFlags);
  const options = optionsFromArgv(argv, process.env);
  if (options.format === "json") {
    writeData(failureJson(failure, true));
  } else {
    const isTerminal = process.stderr.isTTY === true;
    const paint = paintFor(wantsColor({ refused: options.noColor, isTerminal, env: process.env }));
    writeRemarks(failureText(failure, paint));
  }
  return Errors.exit(failure.exit);
}

/** `id` is no command of oclif's configuration: says so, and ends the process. */
export const refuse = (id: string, argv: readonly string[], config: Interfaces.Config): never =>
  refuseCommand(id, config.commandIDs, argv, (command) =>
    Object.entries(config.findCommand(command)?.flags ?? {}).flatMap(([name, { required }]) =>
      required === true ? [name] : [],
    ),
  );

const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) => refuse(id, argv, config);

// "shard lst" is near "shard list" already; "shrd" alone is near the topic of several commands.
function closestTopic(typed: string, known: readonly string[]): string | null {
  const topics = known.map((name) => name.split(" ", 1)[0] ?? name);
  return closest(typed.split(" ", 1)[0] ?? typed, topics);
}

export default hook;
