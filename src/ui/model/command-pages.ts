// The command reference, docs/commands/*.md: one page for each topic and one with what they share. It is made of
// oclif's manifest (summaries, descriptions, flags, examples) and the glossary (columns). `npm run docs` writes the
// pages; test/tidy/command-pages.test.ts compares them. So a text is corrected in the command or in the glossary. Pure.

import { sentenceOf, valuesOf } from "./glossary/glossary.ts";
import type { Subject } from "./glossary/subject.ts";

interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly summary?: string;
  readonly type: string;
  readonly hidden?: boolean;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly helpGroup?: string;
  readonly helpValue?: string;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly env?: string;
}

interface Argument {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly hidden?: boolean;
}

interface Command {
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly hidden?: boolean;
  readonly strict?: boolean;
  readonly args: Readonly<Record<string, Argument>>;
  readonly flags: Readonly<Record<string, Flag>>;
}

export interface Reference {
  /** By id: words joined by colons. */
  readonly commands: Readonly<Record<string, Command>>;
  readonly topics: Readonly<Record<string, { readonly description: string }>>;
  readonly glossary: readonly Subject[];
}

/** Where commands without a topic of their own are. */
const REST = "fleet";
/** Groups of flags that have the same meaning in every command: described once, in README.md. */
const SHARED_TITLES: Readonly<Record<string, string>> = {
  OUTPUT: "Flags for the output",
  "WHICH FLEET": "Flags that choose the fleet",
  "HOW FRESH": "Flags for fresh or old answers",
};
const SHARED = Object.keys(SHARED_TITLES);
/** The third line of each page. */
export const MADE = "<!-- Made by `npm run docs` from the commands. Correct a text there, not here. -->";

/** Each page's text by its file name. */
export function commandPages(reference: Reference): ReadonlyMap<string, string> {
  const topics = Map.groupBy(Object.keys(reference.commands).filter(isShown(reference)), topicOf(reference));
  const names = [...topics.keys()].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const pages = names.map((topic): [string, string] => [
    `${topic}.md`,
    topicPage(topic, topics.get(topic) ?? [], reference),
  ]);
  const index = indexPage(
    names.map((topic) => ({ topic, ids: topics.get(topic) ?? [] })),
    reference,
  );
  return new Map([["README.md", index], ...pages]);
}

const rank = (topic: string): number => (topic === REST ? 0 : 1);

const isShown =
  ({ commands }: Reference) =>
  (id: string): boolean =>
    commands[id]?.hidden !== true;

const topicOf =
  ({ topics }: Reference) =>
  (id: string): string => {
    const [first = ""] = id.split(":");
    return first in topics ? first : REST;
  };

const wordsOf = (id: string): string => `fleet ${id.replaceAll(":", " ")}`;
const titleOf = (topic: string, { topics }: Reference): string =>
  topics[topic]?.description ?? "Commands without a topic";

function indexPage(
  pages: readonly { readonly topic: string; readonly ids: readonly string[] }[],
  reference: Reference,
): string {
  const rows = pages.map(({ topic, ids }) => {
    const links = ids.toSorted().map((id) => `\`${wordsOf(id)}\``);
    return `| [${titleOf(topic, reference)}](${topic}.md) | ${links.join(", ")} |`;
  });
  const groups = SHARED.flatMap((group) => [
    "",
    `## ${headingOf(group)}`,
    "",
    ...sharedRows(group, reference),
  ]);
  return lines([
    "# Command reference",
    "",
    MADE,
    "",
    "Every command, by topic. What holds for all of them (formats, exit codes, contexts) is in",
    "[commands](../commands.md). `fleet explain` prints what the columns mean.",
    "",
    "| topic | commands |",
    "|---|---|",
    ...rows,
    ...groups,
  ]);
}

function sharedRows(group: string, { commands }: Reference): string[] {
  const flags = new Map<string, Flag>();
  for (const command of Object.values(commands))
    for (const flag of Object.values(command.flags)) if (flag.helpGroup === group) flags.set(flag.name, flag);
  return table(["flag", "what it does"], [...flags.values()].toSorted(byName).map(flagRow));
}

function topicPage(topic: string, ids: readonly string[], reference: Reference): string {
  const known = Object.keys(reference.commands);
  const commands = ids.toSorted().flatMap((id) => {
    const command = reference.commands[id];
    return command === undefined ? [] : ["", ...commandSection(id, command, known)];
  });
  const shown = new Set(ids.map((id) => id.replaceAll(":", " ")));
  const subjects = reference.glossary.filter(({ shownBy }) => shown.has(shownBy[0] ?? ""));
  return lines([
    `# ${titleOf(topic, reference)}`,
    "",
    MADE,
    ...commands,
    ...subjects.flatMap((subject) => ["", ...subjectSection(subject)]),
  ]);
}

function commandSection(id: string, command: Command, ids: readonly string[]): string[] {
  const args = Object.values(command.args).filter(({ hidden }) => hidden !== true);
  const flags = Object.values(command.flags).filter(({ hidden }) => hidden !== true);
  const own = flags.filter(({ helpGroup }) => !SHARED.includes(helpGroup ?? ""));
  const rows = [
    ...args.map((arg) => argumentRow(arg, command.strict === false)),
    ...own.toSorted(byName).map(flagRow),
  ];
  return [
    `## ${wordsOf(id)}`,
    "",
    `${command.summary ?? ""}.`,
    ...(command.description === undefined
      ? []
      : paragraphsOf(command.description).flatMap((text) => ["", ...wrapped(asCode(text, ids))])),
    ...(rows.length === 0 ? [] : ["", ...table(["argument or flag", "what it means"], rows)]),
    "",
    ...sharedLines(flags),
    ...(command.examples === undefined || command.examples.length === 0
      ? []
      : [
          "",
          "```console",
          ...command.examples.map((example) => `$ ${example.replaceAll(BIN, "fleet")}`),
          "```",
        ]),
  ];
}

const BIN = "<%= config.bin %>";

/** The shared flags that a command has, by their groups. */
function sharedLines(flags: readonly Flag[]): string[] {
  return SHARED.flatMap((group) => {
    const names = flags.filter(({ helpGroup }) => helpGroup === group).map(({ name }) => `\`--${name}\``);
    if (names.length === 0) return [];
    const heading = headingOf(group);
    const [first = "", ...more] = wrapped(`- [${heading}](README.md#${slug(heading)}): ${names.join(", ")}`);
    return [first, ...more.map((line) => `  ${line}`)];
  });
}

function subjectSection({ name, is, shownBy, columns }: Subject): string[] {
  const rows = Object.entries(columns).flatMap(([column, meaning]) => [
    [`\`${column}\``, sentenceOf(meaning)],
    ...Object.entries(valuesOf(meaning)).map(([value, means]) => [`\`${column}\`: ${value}`, means]),
  ]);
  const commands = shownBy.map((command) => `\`fleet ${command}\``).join(", ");
  return [
    `## Columns: ${name}`,
    "",
    ...wrapped(`${is} Shown by ${commands}.`),
    "",
    ...table(["column", "meaning"], rows),
  ];
}

function argumentRow({ name, description, required }: Argument, several: boolean): string[] {
  const shown = `${name.toUpperCase()}${several ? "…" : ""}`;
  return [`\`${required === true ? shown : `[${shown}]`}\``, cell(description)];
}

function flagRow(flag: Flag): string[] {
  const short = flag.char === undefined ? "" : `\`-${flag.char}\`, `;
  const value = flag.type === "option" ? ` ${flag.helpValue ?? valueName(flag)}` : "";
  const facts = [
    flag.required === true ? "Required." : "",
    isGiven(flag.default) ? `Default: \`${String(flag.default)}\`.` : "",
    flag.multiple === true && !/several|repeat/.test(flag.summary ?? "") ? "May be given several times." : "",
    flag.env === undefined ? "" : `Or the variable \`${flag.env}\`.`,
  ];
  const text = [cell(flag.summary), ...facts.filter((fact) => fact !== "")].join(" ");
  return [`${short}\`--${flag.name}${value}\``, text];
}

const valueName = ({ options }: Flag): string => (options === undefined ? "VALUE" : options.join("|"));
const isGiven = (value: unknown): boolean => ["string", "number"].includes(typeof value) && value !== "";
const byName = (a: Flag, b: Flag): number => (a.name < b.name ? -1 : 1);
const cell = (text = ""): string => (/[.?!]$/.test(text) ? text : `${text}.`);
const slug = (text: string): string => text.toLowerCase().replaceAll(" ", "-");
const headingOf = (group: string): string => SHARED_TITLES[group] ?? group;
const lines = (all: readonly string[]): string => `${all.join("\n")}\n`;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---").join("|")}|`, ...rows.map(line)];
}

/** Help breaks lines where the source does; an empty line, or a line that begins a sentence, begins a paragraph. */
function paragraphsOf(description: string): string[] {
  return description.split(/\n(?=[A-Z\n-])/).map((text) => text.trim());
}

/** Flags and the names of commands as code. */
function asCode(text: string, ids: readonly string[]): string {
  const commands = ids.map(wordsOf).toSorted((a, b) => b.length - a.length);
  return text.replaceAll(
    new RegExp(`(?<![\\w-])(?:(?:${commands.join("|")})(?: --[a-z][a-z-]*)*|--[a-z][a-z-]*)(?![\\w-])`, "g"),
    "`$&`",
  );
}

/** As the other pages are: lines of at most 120 characters. */
function wrapped(text: string): string[] {
  const found: string[] = [];
  let line = "";
  for (const word of text.replaceAll("<", "&lt;").match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > 120) {
      found.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? found : [...found, line];
}
