// docs/security.md names a test for each claim, a decision for each rule, and a command for each remedy: all of them exist.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commands, root } from "../cli/manifest.ts";

const page = readFileSync(join(root, "docs/security.md"), "utf8");
const found = (pattern: RegExp): string[] => [
  ...new Set([...page.matchAll(pattern)].map(([, what = ""]) => what)),
];

const TEST_NAME = /`(?:security|unit|integration|tidy)\/[\w/-]+`/;
const tests = found(/`((?:security|unit|integration|tidy)\/[\w/-]+)`/g);
const decisions = found(/\]\((adr\/[\w-]+\.md)\)/g);
const remedies = found(/`fleet ((?:[a-z]+ )?[a-z-]+)[^`]*`/g);

test.each(tests)("test/%s is there", (name) => {
  expect(existsSync(join(root, "test", `${name}.test.ts`))).toBe(true);
});

test.each(decisions)("%s is there", (path) => {
  expect(existsSync(join(root, "docs", path))).toBe(true);
});

test.each(remedies)("fleet %s is a command, or a topic", (words) => {
  expect(commands.some((command) => command === words || command.startsWith(`${words} `))).toBe(true);
});

test("each row of holders names a test", () => {
  const [table = ""] = /\| who holds[\s\S]*?\n\n/.exec(page) ?? [];
  const rows = table.trim().split("\n").slice(2);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !/`(?:security|unit|integration)\//.test(row))).toEqual([]);
});

test("each paragraph of claims below the table names a test", () => {
  const [, below = ""] = page.split("## Who can do what");
  const [claims = ""] = below.split("## What is out of scope");
  const paragraphs = claims.split("\n\n").filter((text) => text.startsWith("**"));
  expect(paragraphs.length).toBeGreaterThan(3);
  expect(paragraphs.filter((text) => !TEST_NAME.test(text))).toEqual([]);
});

test("whatever looks like a test is one that was looked for", () => {
  const named = found(/`([a-z]+\/[\w/-]+)`/g).filter((name) => !name.startsWith("bench/"));
  expect(named.filter((name) => !tests.includes(name))).toEqual([]);
});

/** A file that holds no test proves nothing. */
test.each(tests)("test/%s holds tests", (name) => {
  expect(readFileSync(join(root, "test", `${name}.test.ts`), "utf8")).toMatch(/\btest(\.each)?\(/);
});
