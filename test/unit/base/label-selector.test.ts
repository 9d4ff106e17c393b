// Selectors mean what kubectl's mean.
import { expect, test } from "vitest";
import {
  parseSelector,
  REQUIREMENTS_MAX,
  SELECTOR_LENGTH_MAX,
} from "../../../src/core/base/label-selector.ts";

const labels = { team: "a", tier: "web", "fleet.io/gpu": "" };

test.each([
  { selector: "", selects: true, why: "without requirements everything matches" },
  { selector: "team=a", selects: true, why: "" },
  { selector: "team==a", selects: true, why: "the same" },
  { selector: "team=b", selects: false, why: "" },
  { selector: "team!=a", selects: false, why: "" },
  { selector: "zone!=a", selects: true, why: "it has no such label" },
  { selector: "fleet.io/gpu=", selects: true, why: "an empty value is a value" },
  { selector: "zone=", selects: false, why: "no label is not an empty one" },
  { selector: "team", selects: true, why: "it has the label" },
  { selector: "zone", selects: false, why: "" },
  { selector: "!zone", selects: true, why: "" },
  { selector: "!team", selects: false, why: "" },
  { selector: "tier in (db, web)", selects: true, why: "" },
  { selector: "tier notin (db,web)", selects: false, why: "" },
  { selector: "zone notin (db)", selects: true, why: "as with !=" },
  { selector: "team=a,tier in (db,web),!zone", selects: true, why: "all of them match" },
  { selector: "team=a,tier=db", selects: false, why: "one does not" },
  { selector: "constructor", selects: false, why: "an object's own keys only" },
])("$selector selects: $selects $why", ({ selector, selects }) => {
  expect(parseSelector(selector)?.(labels)).toBe(selects);
});

test("an object without labels matches what asks for none", () => {
  expect(parseSelector("!team")?.(undefined)).toBe(true);
  expect(parseSelector("team")?.(undefined)).toBe(false);
});

const many = (count: number) => Array.from({ length: count }, (_, at) => `!k${at}`).join();

test("as many requirements as are allowed are taken", () => {
  expect(parseSelector(many(REQUIREMENTS_MAX))?.(labels)).toBe(true);
  expect(parseSelector("team=a,team!=b,team")?.(labels)).toBe(true);
});

test.each([
  ...[many(REQUIREMENTS_MAX + 1), "a=b,c,a==b", "!a,!a", "z in (a,b),z in (a, b)"],
  ...[" ", "=a", "team=a,", ",", "team=a=b", "te am=a", "team in a", "team in (a", "team=-", "__proto__=a"],
  ...["a/b/c=d", "team>1", "!", "x".repeat(SELECTOR_LENGTH_MAX + 1)],
])("%s is no selector", (text) => expect(parseSelector(text)).toBeNull());
