// The README and the operators' page promise no command or flag that does not exist; the README leaves none out.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commands, manifest, root } from "../cli/manifest.ts";

const FROM_PLUGINS = ["help", "autocomplete"];
const readme = readFileSync(`${root}/README.md`, "utf8");
const operating = readFileSync(`${root}/docs/operating.md`, "utf8");

test.each([
  { page: "README", text: readme },
  { page: "operating", text: operating },
])(
  "every fleet command line in $page's code blocks names a command that exists, with flags that it has",
  ({ text }) => {
    const lines = codeBlocks(text).flatMap(commandLines);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.flatMap(faults)).toEqual([]);
  },
);

test("every command named in the text exists", () => {
  const spans = [...withoutBlocks(readme + operating).matchAll(/`fleet ([^`]+)`/g)].map(
    ([, line = ""]) => line,
  );
  expect(spans.flatMap(faults)).toEqual([]);
});

test("it mentions every command", () => {
  const mentioned = new Set(
    [...readme.matchAll(/\bfleet ([a-z][a-z -]*)/g)].map(([, words = ""]) => commandOf(words)),
  );
  expect(commands.filter((command) => !mentioned.has(command))).toEqual([]);
});

interface Block {
  readonly language: string;
  readonly text: string;
}

function codeBlocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
}

const withoutBlocks = (page: string): string => page.replaceAll(/^```[\s\S]*?^```/gm, "");

/** What follows `fleet` in a block's commands; in a console block only lines behind a prompt are commands. */
function commandLines({ language, text }: Block): string[] {
  const lines = text.replaceAll("\\\n", " ").split("\n");
  const typed = language === "console" ? lines.filter((line) => line.startsWith("$ ")) : lines;
  return typed
    .flatMap((line) => line.replace(/^\$ /, "").split(/&&|;|\|/))
    .flatMap((part) => /^\s*(?:npx )?fleet (.*)$/.exec(part)?.[1] ?? []);
}

/** What is wrong with a line: words behind `fleet`, quotes and all. */
function faults(line: string): string[] {
  const bare = line
    .replaceAll(/'[^']*'|"[^"]*"/g, "quoted")
    .replace(/\s[#>].*$/, "")
    .trim();
  const command = commandOf(bare);
  if (command === null) return [`fleet ${line}: no such command`];
  const { flags = {} } = manifest.commands[command.replaceAll(" ", ":")] ?? {};
  const known = new Set([
    "--help",
    ...Object.entries(flags).flatMap(([name, { char }]) => [`--${name}`, `-${char}`]),
  ]);
  const used = [...bare.matchAll(/(?<=\s)(--?[a-z][a-z-]*)/g)].map(([flag]) => flag);
  return used.filter((flag) => !known.has(flag)).map((flag) => `fleet ${line}: no flag ${flag}`);
}

/** The longest command that the words begin with. */
function commandOf(words: string): string | null {
  const matching = [...commands, ...FROM_PLUGINS].filter((name) => `${words} `.startsWith(`${name} `));
  return matching.toSorted((a, b) => b.length - a.length)[0] ?? null;
}
