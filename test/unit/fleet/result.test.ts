import { expect, test } from "vitest";
import { metadataOf } from "../../../src/core/fleet/result.ts";

test.each([
  { facts: {}, keys: [] },
  { facts: { a: 1, b: 2 }, keys: ["a", "b"] },
  { facts: { b: 2, a: 1, B: 3, é: 4 }, keys: ["B", "a", "b", "é"] },
  { facts: JSON.parse('{"b":1,"__proto__":2,"a":3}'), keys: ["__proto__", "a", "b"] },
])("facts as texts, their names in order: $keys", ({ facts, keys }) => {
  const metadata = metadataOf(facts);
  expect(Object.keys(metadata)).toEqual(keys);
  for (const key of keys)
    expect(Object.getOwnPropertyDescriptor(metadata, key)?.value).toBe(String(facts[key]));
});
