// What could be typed next: commands, flags, the values of a flag, or names that the fleet must be asked for. Pure: the words
// of a line and the manifest of commands in, candidates out. What must stay true: a line that makes no sense gives no
// candidates, and never an error.

import { isName } from "../../../core/base/ids.ts";
import { type Wanted, wantedByArgument, wantedByFlag } from "./name-kinds.ts";

interface KnownFlag {
  readonly type: string;
  readonly char?: string;
  readonly summary?: string;
  readonly hidden?: boolean;
  readonly multiple?: boolean;
  readonly options?: readonly string[];
}

interface KnownCommand {
  readonly summary?: string;
  readonly hidden?: boolean;
  readonly strict?: boolean;
  readonly args: Readonly<
    Record<string, { readonly hidden?: boolean; readonly options?: readonly string[] }>
  >;
  readonly flags: Readonly<Record<string, KnownFlag>>;
}

/** oclif's manifest and topics. */
export interface Manifest {
  /** By id: words joined by colons. */
  readonly commands: Readonly<Record<string, KnownCommand>>;
  readonly topics: Readonly<Record<string, { readonly description?: string }>>;
}

interface Candidate {
  readonly value: string;
  readonly about: string;
}

export interface Completion {
  /** Known from the program itself. */
  readonly candidates: readonly Candidate[];
  /** What is to be looked up, and what stands in the word before the name ("--to=", "s1,"). */
  readonly wanted: (Wanted & { readonly head: string; readonly prefix: string }) | null;
  /** The flags of the line so far, for which fleet is meant. */
  readonly given: ReadonlyMap<string, string>;
}

/** `words`: those behind `fleet`, in the order of a command's own; the last is the one that is being typed, "" if none is yet. */
export function complete(manifest: Manifest, words: readonly string[]): Completion {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? "";
  const path = leadingWords(manifest, before);
  const id = path.join(":");
  const command = manifest.commands[id];
  const rest = before.slice(path.length);
  const line = readLine(command, rest);
  if (line.open !== null) return flagValue(id, line.open, command?.flags[line.open], word, "", line.given);
  const assigned = /^--(?<flag>[\w-]+)=(?<value>.*)$/s.exec(word)?.groups;
  if (assigned !== undefined && !line.isLiteral) {
    const { flag = "", value = "" } = assigned;
    return flagValue(id, flag, command?.flags[flag], value, `--${flag}=`, line.given);
  }
  if (word.startsWith("-") && !line.isLiteral) return only(flagsOf(command, line.seen, word), line.given);
  const subcommands = rest.length === 0 ? wordsBelow(manifest, path, word) : [];
  const argument = command === undefined ? null : argumentAt(id, command, line.words.length, word);
  return {
    candidates: [...subcommands, ...(argument?.candidates ?? [])],
    wanted: argument?.wanted ?? null,
    given: line.given,
  };
}

/** Names from outside as lines of an answer. A shell may run what is not a name (`$(…)`), so only names pass. */
export const spelled = ({ head }: { readonly head: string }, names: readonly string[]): readonly string[] =>
  names.filter(isName).map((name) => `${head}${name} `);

const only = (candidates: readonly Candidate[], given: Completion["given"]): Completion => ({
  ...{ candidates, wanted: null, given },
});

/** The words that lead to a command or topic. */
function leadingWords(manifest: Manifest, words: readonly string[]): readonly string[] {
  const ids = Object.keys(manifest.commands);
  let count = 0;
  while (count < words.length) {
    const id = words.slice(0, count + 1).join(":");
    if (!ids.some((known) => known === id || known.startsWith(`${id}:`))) break;
    count += 1;
  }
  return words.slice(0, count);
}

interface Line {
  /** Its arguments. */
  readonly words: readonly string[];
  readonly seen: ReadonlySet<string>;
  readonly given: ReadonlyMap<string, string>;
  /** The flag whose value is being typed. */
  readonly open: string | null;
  /** Behind `--`: everything is an argument. */
  readonly isLiteral: boolean;
}

function readLine(command: KnownCommand | undefined, rest: readonly string[]): Line {
  const flags = Object.entries(command?.flags ?? {});
  const nameOf = (word: string): string | undefined =>
    word.startsWith("--") ? word.slice(2) : flags.find(([, { char }]) => `-${char}` === word)?.[0];
  const words: string[] = [];
  const seen = new Set<string>();
  const given = new Map<string, string>();
  let open: string | null = null;
  let isLiteral = false;
  for (const each of rest) {
    if (open !== null) {
      given.set(open, each);
      open = null;
      continue;
    }
    if (isLiteral || !each.startsWith("-") || each === "-") {
      words.push(each);
      continue;
    }
    if (each === "--") {
      isLiteral = true;
      continue;
    }
    const [head = "", ...values] = each.split("=");
    const name = nameOf(head);
    if (name === undefined) continue;
    seen.add(name);
    if (values.length > 0) given.set(name, values.join("="));
    else if (command?.flags[name]?.type === "option") open = name;
    else given.set(name, "");
  }
  return { words, seen, given, open, isLiteral };
}

function flagValue(
  id: string,
  name: string,
  flag: KnownFlag | undefined,
  value: string,
  head: string,
  given: Completion["given"],
): Completion {
  const options = flag?.type === "option" ? flag.options : undefined;
  if (options !== undefined) return only(matching(options, value, head), given);
  const wanted = flag?.type === "option" ? wantedByFlag(id, name) : null;
  return { candidates: [], wanted: wanted === null ? null : placed(wanted, value, head), given };
}

function argumentAt(
  id: string,
  { args, strict }: KnownCommand,
  at: number,
  word: string,
): Pick<Completion, "candidates" | "wanted"> | null {
  const names = Object.entries(args).filter(([, { hidden }]) => hidden !== true);
  // A command that takes any number of words repeats its last argument.
  const found = names[at] ?? (strict === false ? names.at(-1) : undefined);
  if (found === undefined) return null;
  const [name, { options }] = found;
  if (options !== undefined) return { candidates: matching(options, word, ""), wanted: null };
  const wanted = wantedByArgument(id, name);
  return { candidates: [], wanted: wanted === null ? null : placed(wanted, word, "") };
}

/** Of "s1,s2" only the last name is being typed. */
function placed(wanted: Wanted, value: string, head: string): Completion["wanted"] {
  const comma = wanted.list === true ? value.lastIndexOf(",") + 1 : 0;
  return { ...wanted, head: head + value.slice(0, comma), prefix: value.slice(comma) };
}

const matching = (values: readonly string[], prefix: string, head: string): Candidate[] =>
  values.filter((value) => value.startsWith(prefix)).map((value) => ({ value: head + value, about: "" }));

/** The next words of commands and topics below `path`. */
function wordsBelow(manifest: Manifest, path: readonly string[], prefix: string): Candidate[] {
  const start = path.map((word) => `${word}:`).join("");
  const found = new Map<string, string>();
  for (const [id, { summary = "", hidden }] of Object.entries(manifest.commands)) {
    if (hidden === true || !id.startsWith(start)) continue;
    const [next = "", ...below] = id.slice(start.length).split(":");
    const topic = manifest.topics[start + next]?.description;
    const about = below.length === 0 ? summary : (topic ?? found.get(next) ?? "");
    if (next.startsWith(prefix)) found.set(next, about);
  }
  return [...found].map(([value, about]) => ({ value, about })).sort((a, b) => (a.value < b.value ? -1 : 1));
}

function flagsOf(command: KnownCommand | undefined, seen: ReadonlySet<string>, prefix: string): Candidate[] {
  return Object.entries(command?.flags ?? {})
    .filter(([name, { hidden, multiple }]) => hidden !== true && (multiple === true || !seen.has(name)))
    .map(([name, { summary = "" }]) => ({ value: `--${name}`, about: summary }))
    .filter(({ value }) => value.startsWith(prefix));
}
