// What oclif's parser throws, in our form: a short message, a suggestion for a typo, exit code 2. oclif's own errors
// carry the whole configuration and differ in their exit codes, so none of them is ever shown.
import { stripVTControlCharacters } from "node:util";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { closest } from "../model/closest.ts";

export interface CommandWords {
  /** As typed: "shard list". */
  readonly command: string;
  /** Without dashes. */
  readonly flags: readonly string[];
}

/** Any error of the parser as a usage error; an `OperatorError` from a flag of ours keeps its words. */
export function usageError(error: unknown, words: CommandWords): OperatorError {
  if (error instanceof OperatorError) return error;
  const message = messageOf(error);
  const suggestion = suggest(message, words.flags);
  const help = `fleet ${words.command} --help`;
  return new OperatorError("USAGE", {
    what: readable(message),
    next: suggestion === null ? help : `did you mean ${suggestion}? (${help})`,
    exit: Exit.Usage,
    cause: error,
  });
}

function suggest(message: string, flags: readonly string[]): string | null {
  const unknownFlag = /^Nonexistent flags?: --?([^\s,]+)/.exec(message)?.[1];
  if (unknownFlag !== undefined) return prefixed("--", closest(unknownFlag, flags));
  const [, flag, value, options] = /^Expected --([^=]+)=(.*) to be one of: ([^\n]+)/.exec(message) ?? [];
  if (flag === undefined || value === undefined || options === undefined) return null;
  return prefixed(`--${flag} `, closest(value, options.split(", ")));
}

const prefixed = (prefix: string, word: string | null): string | null =>
  word === null ? null : prefix + word;

/** One line of oclif's several: no hint at help, no list heading, no colour. */
function readable(message: string): string {
  const text = stripVTControlCharacters(message)
    .replace(/\n+See more help with --help/g, "")
    .replace(/^The following errors? occurred:\s*/, "")
    .replace(/^Parsing (--\S+)\s+/, "$1: ")
    .replace(
      /(--[\w-]+)=\S* cannot also be provided when using (--[\w-]+)/g,
      "$1 and $2 contradict each other",
    )
    .trim()
    .replaceAll(/\n\s*Missing required flag /g, ", ")
    .replaceAll(/\s*\n\s*/g, "; ");
  const lower = `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
  return lower.replace(/^nonexistent flag/, "unknown flag").replace(/:; /, ": ");
}
