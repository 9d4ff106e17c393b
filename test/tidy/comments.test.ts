// Comments are plain English too (style.md; issue 12): short enough to be read once, and with the actor's name.

import { globSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { OVERUSED, SENTENCE_END, WORDS_MAX } from "./plain-english.ts";
import { root, sourceFiles } from "./source-files.ts";

/** Indented lines are tables and layouts of bytes, so they are no sentences. */
const INDENTED = /^ {3}/;
/** A citation has the words of its source. */
const CITATION = /"[^"]*"/g;
/** Beside the product, a clause behind ':' or ';' still counts as a sentence. */
const CLAUSE_END = /(?<=[.!?:;])\s+/;

interface Comment {
  readonly at: string;
  readonly text: string;
}

const comments = ["src", "test", "bench", "examples"].flatMap((folder) =>
  sourceFiles(`${folder}/**/*.{ts,tsx}`)
    .filter(({ path }) => path !== "test/tidy/comments.test.ts")
    .flatMap(({ path, text }) => commentsOf(path, text)),
);

test("comments name who acts", () => {
  expect(comments.filter(({ text }) => OVERUSED.test(text))).toEqual([]);
});

test(`no sentence of a comment has more than ${WORDS_MAX} words`, () => {
  const sentences = comments.flatMap(({ at, text }) =>
    text
      .replace(CITATION, "Citation")
      .split(at.startsWith("src/") ? SENTENCE_END : CLAUSE_END)
      .map((sentence) => ({ at, sentence })),
  );
  expect(sentences.filter(({ sentence }) => sentence.split(" ").length > WORDS_MAX)).toEqual([]);
});

// A moved file leaves no comment behind that sends its reader to the old one.
test("each source file that a comment names is there", () => {
  const sources = globSync("{src,test,bench,deploy,docs,examples}/**/*.{ts,tsx}", { cwd: root });
  const gone = comments.flatMap(({ at, text }) =>
    [...text.matchAll(/(?:\.\.?\/)*([\w./-]+\.tsx?)\b/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !sources.some((source) => `/${source}`.endsWith(`/${name}`)))
      .map((name) => ({ at, name })),
  );
  expect(gone).toEqual([]);
});

test("lines of one comment are one text, and an indented line ends a sentence", () => {
  const found = commentsOf("sample.ts", "// one\n// two\n\n// three\n//   a | b\nf(); /* four\n * five */");
  expect(found.map(({ text }) => text)).toEqual(["one two", "three .", "four five"]);
});

/** Comments of lines that follow each other are one. */
function commentsOf(path: string, source: string): Comment[] {
  const found: { start: number; end: number; text: string }[] = [];
  for (const { type, value, start, end } of parseSync(path, source).comments) {
    const text = INDENTED.test(value) ? "." : plain(value);
    const last = found.at(-1);
    const continues =
      last !== undefined && type === "Line" && /^\n[ \t]*$/.test(source.slice(last.end, start));
    if (continues) Object.assign(last, { end, text: `${last.text} ${text}` });
    else found.push({ start, end, text });
  }
  return found.map(({ start, text }) => ({
    at: `${path}:${source.slice(0, start).split("\n").length}`,
    text,
  }));
}

function plain(comment: string): string {
  return comment
    .replace(/^\s*\*/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}
