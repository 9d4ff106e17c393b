// Runs a command without oclif's configuration, when a table has it. The words of a command are found as oclif finds
// them. The command is the longest one that the words begin with. Further words are allowed only if that command takes
// arguments. What must stay true: a command behaves here as when oclif runs it; everything that needs all commands
// (help, suggestions) is left to oclif.

import type { Config } from "@oclif/core/config";
import { argvInOrder } from "./argv-in-order.ts";
import { quietBrokenPipes } from "./pipes.ts";
import { slimConfig } from "./slim-config.ts";

/** By the words typed. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: unknown }>>>;

interface CommandClass {
  id: string;
  readonly strict: boolean;
  readonly args: Readonly<Record<string, unknown>>;
  new (argv: string[], config: Config): { _run(): Promise<unknown> };
}

/** Runs the command of `argv` and resolves to true; to false when it is one that oclif runs. */
export async function runFromTable(table: CommandTable, argv: readonly string[]): Promise<boolean> {
  const ordered = argvInOrder(argv);
  if (asksForHelp(ordered)) return false;
  const words = leadingWords(ordered);
  const count = longestCommand(table, words);
  const load = table[words.slice(0, count).join(" ")];
  if (load === undefined) return false;
  // Before a command is loaded: oclif adds a listener of its own, which throws.
  quietBrokenPipes();
  const Command = (await load()).default as CommandClass;
  const takesWords = !Command.strict || Object.keys(Command.args).length > 0;
  if (words.length > count && !takesWords) return false;
  Command.id = words.slice(0, count).join(":");
  await new Command(ordered.slice(count), slimConfig())._run();
  return true;
}

/** The words before the first flag, and before the first KEY=VALUE, which is an argument. */
function leadingWords(argv: readonly string[]): readonly string[] {
  const end = argv.findIndex((word) => word.startsWith("-") || word.includes("="));
  return end === -1 ? argv : argv.slice(0, end);
}

/** How many of the words name a command; 0 if they name none. */
function longestCommand(table: CommandTable, words: readonly string[]): number {
  let count = words.length;
  while (count > 0 && !Object.hasOwn(table, words.slice(0, count).join(" "))) count -= 1;
  return count;
}

/** Whether a word before "--" asks for help instead. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end).some((word) => word === "-h" || word === "--help");
}
