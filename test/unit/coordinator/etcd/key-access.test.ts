// Which ranges a pattern of a role covers.

import { expect, test } from "vitest";
import { covers } from "../../../../src/core/coordinator/etcd/key-rights.ts";
import { bytes } from "./key-commands.ts";

test.each([
  { pattern: "*", key: "x", end: "", is: true, why: "a star covers any key" },
  { pattern: "*", key: "\0", end: "\0", is: true, why: "a star covers all keys" },
  { pattern: "job", key: "job", end: "", is: true, why: "a name covers itself" },
  { pattern: "job", key: "job1", end: "", is: false, why: "a name covers no other" },
  { pattern: "job", key: "job", end: "joc", is: false, why: "a name covers no range" },
  { pattern: "job/*", key: "job/", end: "job0", is: true, why: "a prefix covers its own range" },
  { pattern: "job/*", key: "job/a", end: "job/b", is: true, why: "a prefix covers a part of its range" },
  { pattern: "job/*", key: "job/", end: "job1", is: false, why: "the range goes on behind the prefix" },
  { pattern: "job/*", key: "job", end: "job0", is: false, why: "the range begins before the prefix" },
  {
    pattern: "job/*",
    key: "job/",
    end: "\0",
    is: false,
    why: "a range without an end goes on behind any prefix",
  },
  { pattern: "job/*/x", key: "job/1/x", end: "", is: true, why: "a star in the middle covers a key" },
  { pattern: "job/*/x", key: "job/1/x", end: "job/1/y", is: false, why: "and no range" },
  { pattern: "a*b*", key: "a", end: "b", is: false, why: "with two stars there is no prefix" },
  { pattern: "\u00e9*", key: "\xc3\xa9x", end: "", is: true, why: "patterns are compared as bytes of UTF-8" },
])("$why: $pattern", ({ pattern, key, end, is }) => {
  expect(covers(pattern, bytes(key), bytes(end))).toBe(is);
});
