// Texts that operators read (help, errors, notes, logs) are plain English (style.md, "Plain English"; issue 12).

import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { OVERUSED, SENTENCE_END, WORDS_MAX } from "./plain-english.ts";
import { sourceFiles } from "./source-files.ts";

/** Shorter strings are names, keys and formats. */
const FEWEST_WORDS = 5;

interface Text {
  readonly at: string;
  readonly text: string;
}

// Format 1 keeps its sentences in the replicated state, so these never change (ADR-0015).
const texts = sourceFiles("src/**/*.{ts,tsx}")
  .filter(({ path }) => !path.startsWith("src/core/fleet/format-1/"))
  .flatMap(({ path, text }) => textsOf(path, text));

test("texts for operators use the field's words", () => {
  expect(texts.filter(({ text }) => OVERUSED.test(text))).toEqual([]);
});

test(`no sentence of a text for operators has more than ${WORDS_MAX} words`, () => {
  const sentences = texts.flatMap(({ at, text }) =>
    text
      .split("\n")
      .flatMap((line) => line.split(SENTENCE_END))
      .map((sentence) => ({ at, sentence })),
  );
  expect(sentences.filter(({ sentence }) => sentence.split(/\s+/).length > WORDS_MAX)).toEqual([]);
});

test("texts are found in literals, in templates and in sums of both", () => {
  const sample = [
    "const a = 'one two three four five';",
    `const b = "one two " + \`three \${a} four\`;`,
  ].join("\n");
  expect(textsOf("sample.ts", sample).map(({ text }) => text)).toEqual([
    "one two three four five",
    "one two three … four",
  ]);
});

function textsOf(path: string, source: string): Text[] {
  const found: Text[] = [];
  const visit = (node: unknown): void => {
    const text = literalText(node);
    if (isNode(node) && text !== undefined && text.split(/\s+/).length >= FEWEST_WORDS) {
      found.push({ at: `${path}:${source.slice(0, node.start).split("\n").length}`, text });
    }
    // The parts of a sum are no texts of their own; the values of a template may be.
    const isWhole = text !== undefined && isNode(node) && node.type !== "TemplateLiteral";
    if (typeof node === "object" && node !== null && !isWhole) Object.values(node).forEach(visit);
  };
  visit(parseSync(path, source).program);
  return found;
}

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The text of a literal, a template (an ellipsis for each value) or a sum of them; undefined for anything else. */
function literalText(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal") return typeof node["value"] === "string" ? node["value"] : undefined;
  if (node.type === "TemplateLiteral")
    return (node["quasis"] as Quasi[]).map((quasi) => quasi.value.cooked).join("…");
  if (node.type !== "BinaryExpression" || node["operator"] !== "+") return undefined;
  const left = literalText(node["left"]);
  const right = literalText(node["right"]);
  return left === undefined || right === undefined ? undefined : left + right;
}

interface Quasi {
  readonly value: { readonly cooked: string };
}
