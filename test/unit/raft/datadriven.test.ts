// The parser of conformance scripts, in what the scripts at hand do not use.

import { expect, test } from "vitest";
import { parseScript } from "../../conformance/datadriven.ts";
import { normalize } from "../../conformance/normalize.ts";

test("arguments: positional, single, listed, nested, empty", () => {
  const [directive] = parseScript('propose 1 "x" a=b c=(1, 2,(3,4)) d=() e=\n----\n');
  expect(directive?.arguments).toEqual([
    { key: "1", values: [] },
    { key: '"x"', values: [] },
    { key: "a", values: ["b"] },
    { key: "c", values: ["1", "2", "(3,4)"] },
    { key: "d", values: [] },
    { key: "e", values: [""] },
  ]);
});

test("a directive may go on in the next line", () => {
  expect(parseScript("add-nodes 3 \\\n  index=2\n----\nok\n")[0]).toMatchObject({
    command: "add-nodes",
    arguments: [{ key: "3" }, { key: "index", values: ["2"] }],
  });
});

test("comments, blank lines and subtests are skipped; input is kept as it is", () => {
  const text = "# a\n\nsubtest x\n\nsimple\n# v1\nv2\n----\nok\n\nsubtest end\n";
  expect(parseScript(text)).toMatchObject([
    { line: 5, command: "simple", input: "# v1\nv2", expected: "ok\n" },
  ]);
});

test("fenced output may hold blank lines", () => {
  const text = "a\n----\n----\nx\n\ny\n----\n----\n\nb\n----\n";
  expect(parseScript(text).map(({ expected }) => expected)).toEqual(["x\n\ny\n", ""]);
});

test("a directive without a separator is malformed", () => {
  expect(() => parseScript("a\nb\n")).toThrow('line 1: the directive has no "----"');
});

test.each([
  { text: "INFO x\n", kept: "ok\n", why: "nothing but log lines" },
  { text: "> 1 handling Ready\n  INFO x\n", kept: "> 1 handling Ready\n", why: "a header is no log line" },
  { text: "INFORMATION\n", kept: "INFORMATION\n", why: "the level is a word" },
  { text: "x", kept: "x\n", why: "a last line without its end" },
])("comparison: $why", ({ text, kept }) => expect(normalize(text)).toBe(kept));
