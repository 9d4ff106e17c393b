// Pages that people read. Decisions have the same parts, so that a reader finds the rule first. The English is plain
// (style.md, "Plain English"): short sentences, the field's nouns.

import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { OVERUSED, WORDS_MAX } from "./plain-english.ts";
import { root } from "./source-files.ts";

/** Longer pages are searched, not read: a topic of its own gets a page of its own. */
const PAGE_LINES_MAX = 400;
/** One printed page, at 120 characters a line. */
const DECISION_LINES_MAX = 70;
const DECISION_PARTS = ["Context", "Decision", "Rejected", "Consequences"];

const sources = globSync("{src,test,bench,proto,examples}/**/*.{ts,tsx,proto}", { cwd: root });

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const decisions = globSync("docs/adr/*.md", { cwd: root }).sort();
const pages = [
  "README.md",
  "CHANGELOG.md",
  "src/core/README.md",
  ...globSync("bench/*.md", { cwd: root }).sort(),
  ...globSync("docs/{*,commands/*}.md", { cwd: root }).sort(),
  ...decisions,
];

describe.each(decisions)("%s", (path) => {
  const text = read(path);

  test("names itself and its status in a line", () => {
    const number = /\/(\d{4})-/.exec(path)?.[1];
    expect(text).toMatch(
      new RegExp(`^# ADR-${number}: .+\n\nStatus: (accepted|superseded by ADR-\\d{4}), [^\n]+\n\n`),
    );
  });

  test(`has its parts in order, on one page of ${DECISION_LINES_MAX} lines`, () => {
    const parts = [...text.matchAll(/^\*\*(\w+)[.:]/gm)].map(([, part = ""]) => part);
    const known = parts.filter((part) => DECISION_PARTS.includes(part));
    const once = known.filter((part, at) => part !== known[at - 1]);
    expect(once).toEqual(DECISION_PARTS.filter((part) => part !== "Rejected" || known.includes(part)));
    expect(text.split("\n").length).toBeLessThanOrEqual(DECISION_LINES_MAX);
  });
});

test.each(pages)("%s is plain English", (path) => {
  const paragraphs = paragraphsOf(read(path));
  expect(paragraphs.filter((text) => OVERUSED.test(text))).toEqual([]);
  const sentences = paragraphs.filter((text) => !text.startsWith("|")).flatMap(sentencesOf);
  expect(sentences.filter((sentence) => wordsIn(sentence) > WORDS_MAX)).toEqual([]);
});

// The command reference is looked up, not read from its beginning to its end.
test.each(pages.filter((path) => /^docs\/(?!commands\/)/.test(path)))(
  "%s is short enough to be read",
  (path) => {
    expect(read(path).split("\n").length).toBeLessThanOrEqual(PAGE_LINES_MAX);
  },
);

// A moved or renamed file leaves no page behind that sends its reader to the old one.
test.each(pages)("each source file that %s names is there", (path) => {
  const named = [...read(path).matchAll(/`(?:\.\.\/)*([\w./-]+\.(?:ts|tsx|proto))`/g)].map(
    ([, name = ""]) => name,
  );
  const gone = named.filter((name) => !sources.some((source) => `/${source}`.endsWith(`/${name}`)));
  expect(gone).toEqual([]);
});

// That the page is there, readme.test.ts asks.
test.each(pages)("each heading that %s links to is there", (path) => {
  const links = [...read(path).matchAll(/\]\(([^)#:]*\.md)?#([^)]+)\)/g)];
  const gone = links.filter(([, page, anchor = ""]) => {
    const target = page === undefined ? path : join(dirname(path), page);
    return !anchorsOf(read(target)).includes(anchor);
  });
  expect(gone.map(([link]) => link)).toEqual([]);
});

test("a sentence ends with its paragraph, its row or its list item, and code is one word", () => {
  const page = [
    "A first one. See `fleet a b c` now.",
    "- an item (short.) And",
    "  more.",
    "| a row |",
    "```",
    "no",
    "```",
  ];
  expect(paragraphsOf(page.join("\n")).flatMap(sentencesOf)).toEqual([
    "A first one.",
    "See Code now.",
    "an item (short.)",
    "And more.",
    "| a row |",
  ]);
});

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const headings = page.replaceAll(/^ *```[\s\S]*?^ *```/gm, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** Paragraphs, items and rows, each in a line, without blocks of code and marks. */
function paragraphsOf(page: string): string[] {
  const lines = page.replaceAll(/^ *```[\s\S]*?^ *```/gm, "\n").split("\n");
  const joined = lines.map((line) =>
    /^\s*([-*]|\d+\.|[|#])\s?/.test(line) ? `\n${line}` : line.trim() || "\n",
  );
  return joined
    .join(" ")
    .split("\n")
    .map((text) => plain(text))
    .filter((text) => text !== "");
}

const plain = (text: string): string =>
  text
    .replaceAll(/`[^`]+`/g, "Code")
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s*([-*]|\d+\.|#+) /, "")
    .replaceAll("*", "")
    .replaceAll(/\s+/g, " ")
    .trim();

const sentencesOf = (paragraph: string): string[] => paragraph.split(/(?<=[.!?]\)?) (?=[A-Z0-9(])/);

/** Numbers are not counted. */
const wordsIn = (sentence: string): number =>
  sentence.split(" ").filter((word) => /[a-z]/i.test(word)).length;
