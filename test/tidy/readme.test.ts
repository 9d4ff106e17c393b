// The README and the pages in docs/ name only commands and flags that exist, have no broken link, and leave no topic
// out. The README is short.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commands, manifest, root } from "../cli/manifest.ts";

const FROM_PLUGINS = ["help"];
const TOPICS = new Set(commands.map((command) => command.split(" ")[0]));
const README_LINES_MAX = 150;
const pages = ["README.md", ...globSync("docs/{*,commands/*}.md", { cwd: root }).sort()].map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8"),
}));

test.each(pages)(
  "each command line in $path names a command that exists, with flags that it has",
  ({ text }) => {
    expect(codeBlocks(text).flatMap(commandLines).flatMap(faults)).toEqual([]);
  },
);

test.each(pages)("each command in the text of $path exists", ({ text }) => {
  const spans = [...withoutBlocks(text).matchAll(/`fleet ([^`]+)`/g)].map(([, line = ""]) => line);
  expect(spans.flatMap(faults)).toEqual([]);
});

test.each(pages)("each link of $path leads to a file that is there", ({ path, text }) => {
  const links = [...withoutBlocks(text).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, to = ""]) => to);
  const gone = links.filter((to) => !to.startsWith("http") && !existsSync(join(root, dirname(path), to)));
  expect(gone).toEqual([]);
});

test("the README has each topic, each page, and no more lines than are read", () => {
  const text = pages[0]?.text ?? "";
  const words = new Set(text.match(/[a-z-]+/g));
  const topics = commands.map((command) => command.split(" ")[0] ?? "");
  // `complete` is what shells ask, and hidden.
  const others = ["version", "complete", ...FROM_PLUGINS];
  expect(topics.filter((topic) => !words.has(topic) && !others.includes(topic))).toEqual([]);
  expect(
    pages.slice(1).filter(({ path }) => !path.startsWith("docs/commands/") && !text.includes(`](${path})`)),
  ).toEqual([]);
  expect(text.split("\n").length).toBeLessThanOrEqual(README_LINES_MAX);
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
  if (TOPICS.has(bare)) return [];
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
