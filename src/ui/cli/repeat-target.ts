// A command that is proposed means the fleet that was asked for: `--context prod` of the command line is repeated in it.
// A pasted command then never changes another fleet. Pure.
import type { ParserOutput } from "@oclif/core/interfaces";
import { shellWord } from "../../core/base/shell-word.ts";

const NAMES_A_FLEET = [
  "dir",
  "context",
  "endpoints",
  "etcd-endpoints",
  "ca",
  "cert",
  "key",
  "insecure-loopback",
];

/** The caller's own. What only an administrator may do needs an administrator's. */
const CREDENTIALS: ReadonlySet<string> = new Set(["cert", "key"]);

/** Flags behind a command's words, with values: up to the punctuation that ends the command. */
const OWN_FLAGS = /^(?: [^\s,;()]+)*/;

/** Flags of the command line that name a fleet, as words of a shell, by name. */
export type GivenTarget = ReadonlyMap<string, string>;

export function givenTarget(raw: ParserOutput["raw"]): GivenTarget {
  const given = new Map<string, string>();
  for (const token of raw) {
    if (token.type !== "flag" || !NAMES_A_FLEET.includes(token.flag)) continue;
    const hasValue = token.flag !== "insecure-loopback";
    given.set(token.flag, `--${token.flag}${hasValue ? ` ${shellWord(token.input)}` : ""}`);
  }
  return given;
}

/** `text` with the target in each of its commands. `flagsOf`: the flags of the command that these words begin with. */
export function repeatTarget(
  text: string,
  given: GivenTarget,
  flagsOf: (words: string) => readonly string[],
): string {
  if (given.size === 0) return text;
  return text.replaceAll(
    /\bfleet ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)/g,
    (whole, words: string, at: number) => {
      const known = flagsOf(words);
      const own = (OWN_FLAGS.exec(text.slice(at + whole.length))?.[0] ?? "").split(" ");
      const isRepeated = (name: string) =>
        known.includes(name) &&
        !own.includes(`--${name}`) &&
        !(words.startsWith("role ") && CREDENTIALS.has(name));
      const flags = [...given].flatMap(([name, written]) => (isRepeated(name) ? [written] : []));
      return flags.length === 0 ? whole : ["fleet", ...flags, words].join(" ");
    },
  );
}
