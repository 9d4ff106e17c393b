// Comments are plain English too (style.md; issue 12): short enough to be read once, and with the actor's name.

import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

/** The rule is 25 words. A test can't see where a sentence of 26 is easy, so it refuses only those that never are. */
const MAX_WORDS = 34;
const OVERUSED = /\b(nobody|whoever|everybody|(go|goes|gone|going) on)\b/i;
/** Layouts of bytes are no sentences. */
const LAYOUT = /\w \| \w/;

interface Comment {
  readonly at: string;
  readonly text: string;
}

const comments = ["src", "test", "bench"].flatMap((folder) =>
  sourceFiles(`${folder}/**/*.{ts,tsx}`)
    .filter(({ path }) => path !== "test/tidy/comments.test.ts")
    .flatMap(({ path, text }) => commentsOf(path, text)),
);

test("comments name who acts", () => {
  expect(comments.filter(({ text }) => OVERUSED.test(text))).toEqual([]);
});

test(`no sentence of a comment has more than ${MAX_WORDS} words`, () => {
  const sentences = comments.flatMap(({ at, text }) =>
    text.split(/(?<=[.!?:;])\s+/).map((sentence) => ({ at, sentence })),
  );
  const long = sentences.filter(({ sentence }) => sentence.split(" ").length > MAX_WORDS);
  expect(long.filter(({ sentence }) => !LAYOUT.test(sentence))).toEqual([]);
});

test("lines of one comment are one text", () => {
  const found = commentsOf("sample.ts", "// one\n// two\n\n// three\nf(); /* four\n * five */");
  expect(found.map(({ text }) => text)).toEqual(["one two", "three", "four five"]);
});

/** Comments of lines that follow each other are one. */
function commentsOf(path: string, source: string): Comment[] {
  const found: { start: number; end: number; text: string }[] = [];
  for (const { type, value, start, end } of parseSync(path, source).comments) {
    const text = value
      .replace(/^\s*\*/gm, "")
      .replace(/\s+/g, " ")
      .trim();
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
