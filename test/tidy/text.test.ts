// Rules of style that a test can keep (style.md, "Habits").

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, sourceFiles } from "./source-files.ts";

const code = [
  ...sourceFiles("src/**/*.{ts,tsx}"),
  ...sourceFiles("test/**/*.{ts,tsx}"),
  ...sourceFiles("bench/**/*.ts"),
];
const pages = globSync("{*.md,docs/**/*.md,bench/*.md,src/**/*.md}", { cwd: root }).sort();

test.each([
  { words: /\b(TODO|FIXME|XXX|HACK)\b/, why: "unfinished work is an issue, not a comment" },
  { words: /@ts-(ignore|expect-error|nocheck)|biome-ignore/, why: "a check is obeyed, not silenced" },
  { words: /\b(describe|test|it)\.(skip|only|todo)\b/, why: "every test runs" },
])("no $words: $why", ({ words }) => {
  const wrong = code.filter((file) => file.path !== "test/tidy/text.test.ts" && words.test(file.text));
  expect(wrong.map((file) => file.path)).toEqual([]);
});

// Node's documentation of v8.setFlagsFromString: unpredictable behaviour, crashes and data loss, once the VM has started.
test("V8's flags are given at the start, never changed in a running process", () => {
  const wrong = sourceFiles("src/**/*.{ts,tsx}").filter(({ text }) => text.includes("setFlagsFromString"));
  expect(wrong.map((file) => file.path)).toEqual([]);
});

test("every module says at its top what lives there", () => {
  const silent = sourceFiles("src/**/*.{ts,tsx}").filter((file) => !file.text.startsWith("//"));
  expect(silent.map((file) => file.path)).toEqual([]);
});

/** Lines of a file. */
const LINES_MAX = 400;

test("files stay short enough to be one concern", () => {
  const long = code.filter((file) => file.text.trimEnd().split("\n").length > LINES_MAX);
  expect(long.map((file) => file.path)).toEqual([]);
});

test("every page has one H1", () => {
  const wrong = pages.filter((page) => headings(readFileSync(join(root, page), "utf8")) !== 1);
  expect(wrong).toEqual([]);
});

function headings(text: string): number {
  const outsideFences = text.replace(/^```[\s\S]*?^```/gm, "");
  return outsideFences.split("\n").filter((line) => line.startsWith("# ")).length;
}
