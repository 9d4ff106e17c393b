// A file that an operator wrote: the value, or every problem with its line and path.

import { expect, test } from "vitest";
import { Exit, OperatorError } from "../../../../src/core/base/errors.ts";
import {
  entries,
  fields,
  fieldsOnly,
  integer,
  list,
  name,
  optional,
  readValue,
} from "../../../../src/core/base/read-value.ts";
import { readConfig } from "../../../../src/core/wire/files/read-config.ts";

const ERROR = { code: "CONFIG_INVALID", next: "correct it", exit: Exit.Usage };
const ITEM = fieldsOnly({ id: integer(1, 9), label: optional(name) });
const FILE = fields({
  items: list(ITEM, { min: 1, max: 30, unique: { id: ({ id }) => String(id) } }),
  rooms: optional(entries(integer(0, 9))),
});

function failureOf(text: string): string[] {
  try {
    readConfig("f.yaml", text, ERROR, FILE);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error).toMatchObject({ code: "CONFIG_INVALID", parts: { next: "correct it", exit: Exit.Usage } });
    return [error.parts.what, ...(error.parts.why?.split("; ") ?? [])];
  }
  throw new Error("the file was read");
}

test("fields that are absent are left out, and others are ignored where they may be", () => {
  expect(readConfig("f.yaml", "items: [{id: 1}]\nother: 1", ERROR, FILE)).toEqual({ items: [{ id: 1 }] });
  expect(readConfig("f.yaml", "items: [&a {id: 1}]\nrooms: {a: 1}", ERROR, FILE).rooms).toEqual([["a", 1]]);
});

test.each([
  { text: "", says: ["f.yaml:1: the file is empty"], why: "an empty file" },
  { text: "[]", says: ["f.yaml:1: the file must be a mapping: found a list"], why: "a list" },
  { text: "items: 3", says: ["f.yaml:1: items must be a list of 1 to 30: found 3"], why: "no list" },
  { text: "\nitems: []", says: ["f.yaml:2: items must be a list of 1 to 30"], why: "too short a list" },
  {
    text: "items:\n  - id: 1\n    label:\n      A",
    says: [
      "f.yaml:3: items[0].label must be a name of lower-case letters, digits, '.', '_' and '-': found \"A\"",
    ],
    why: "the line is that of the key",
  },
  {
    text: "items:\n  - label: a\n\n  - id: 2\n    lable: b\n",
    says: [
      "f.yaml has 2 problems",
      "line 2: items[0].id must be a whole number from 1 to 9: it is missing",
      "line 5: items[1].lable is not a known field",
    ],
    why: "a missing field has the line of what should have it",
  },
  {
    text: "rooms: {a: x}\nitems:\n  - {id: 1}\n  - 3\n  - {id: 1}\n",
    says: [
      "f.yaml has 3 problems",
      'line 1: rooms.a must be a whole number from 0 to 9: found "x"',
      "line 4: items[1] must be a mapping: found 3",
      "line 5: items[2].id repeats items[0].id",
    ],
    why: "a wrong item hides no other problem",
  },
  { text: "items: [\n\n}", says: [expect.stringContaining("f.yaml")], why: "broken YAML" },
])("$says: $why", ({ text, says }) => {
  expect(failureOf(text).slice(0, says.length)).toEqual(says);
});

test("of many problems, the first twenty are told and the others counted", () => {
  const items = Array.from({ length: 25 }, () => "  - {id: 0}").join("\n");
  const [what, ...said] = failureOf(`items:\n${items}`);
  expect([what, said.length, said.at(-1)]).toEqual(["f.yaml has 25 problems", 21, "5 more"]);
});

test("of more than a thousand problems, the others are counted", () => {
  const items = Array.from({ length: 200_000 }, () => 0);
  const found = readValue(
    { items, rooms: { a: -1 } },
    fields({ items: list(name), rooms: entries(integer(0, 9)) }),
  );
  expect(found.ok ? [] : [found.problems.length, found.more]).toEqual([1_000, 199_001]);
  const rooms = Array.from({ length: 1_100 }, (_, at) => `b${at}: 10`).join(", ");
  const [what, ...said] = failureOf(`items: [{id: 1}]\nrooms: {${rooms}}`);
  expect([what, said.at(-1)]).toEqual(["f.yaml has 1100 problems", "1080 more"]);
});

test("a mapping of many keys is read once", () => {
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, 1]));
  expect(readValue(many, entries(integer(0, 9))).ok).toBe(true);
});

test("text of the file is quoted and cut", () => {
  const long = "x".repeat(5_000);
  const [what = ""] = failureOf(`items: [{id: "\\u001b${long}"}]`);
  expect(what).toContain("\\u001bxxx");
  expect(what.length).toBeLessThan(200);
  expect(failureOf(`items: [{id: 1, ${long}: 2}]`)[0]?.length).toBeLessThan(200);
});
