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
/** Of a proto file: its strings and its comments. */
const PROTO_TOKEN = /"(?:[^"\\\n]|\\.)*"|\/\/(.*)|\/\*([\s\S]*?)\*\//g;
/** Files of etcd, gRPC and Google keep the words of their source. */
const OWN_PROTO = "proto/fleet/**/*.proto";

interface Comment {
  readonly at: string;
  readonly text: string;
}

const comments = sourceFiles("{src,test,bench,deploy,docs,examples}/**/*.{ts,tsx}")
  .concat(sourceFiles(OWN_PROTO), sourceFiles("*.ts"))
  .filter(({ path }) => path !== "test/tidy/comments.test.ts")
  .flatMap(({ path, text }) => commentsOf(path, text));

test("comments name who acts", () => {
  expect(comments.filter(({ text }) => OVERUSED.test(text))).toEqual([]);
});

test(`no sentence of a comment has more than ${WORDS_MAX} words`, () => {
  const sentences = comments.flatMap(({ at, text }) =>
    text
      .replace(CITATION, "Citation")
      .split(SENTENCE_END)
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

test("strings of a proto file hold no comments", () => {
  const found = commentsOf("sample.proto", '// one\nimport "https://two"; // three\n/* four */');
  expect(found.map(({ text }) => text)).toEqual(["one", "three", "four"]);
});

/** Comments of lines that follow each other are one. */
function commentsOf(path: string, source: string): Comment[] {
  const found: { start: number; end: number; text: string }[] = [];
  const raw = path.endsWith(".proto") ? protoComments(source) : parseSync(path, source).comments;
  for (const { type, value, start, end } of raw) {
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

function protoComments(source: string) {
  return [...source.matchAll(PROTO_TOKEN)]
    .filter(([token]) => token.startsWith("/"))
    .map(({ 0: token, 1: line, 2: block = "", index }) => ({
      type: line === undefined ? ("Block" as const) : ("Line" as const),
      value: line ?? block,
      start: index,
      end: index + token.length,
    }));
}

function plain(comment: string): string {
  return comment
    .replace(/^\s*\*/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}
