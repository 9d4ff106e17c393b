import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { namePattern } from "../../../../src/core/fleet/permissions/name-pattern.ts";

test.each([
  { pattern: "s1", name: "s1", matches: true, why: "without a * it is a name" },
  { pattern: "s1", name: "s10", matches: false, why: "and no prefix" },
  { pattern: "s1", name: "xs1", matches: false, why: "nor a suffix" },
  { pattern: "s.", name: "s1", matches: false, why: "a dot is a dot" },
  { pattern: "*", name: "", matches: true, why: "a * stands for the empty text too" },
  { pattern: "*", name: "zone=a", matches: true, why: "and for any character" },
  { pattern: "a-*", name: "a-", matches: true, why: "the empty text" },
  { pattern: "a-*", name: "b-1", matches: false, why: "another team's" },
  { pattern: "a*a", name: "a", matches: false, why: "beginning and end do not overlap" },
  { pattern: "a*a", name: "aa", matches: true, why: "they may touch" },
  { pattern: "*b*", name: "abc", matches: true, why: "in the middle" },
  { pattern: "a*b*b", name: "abb", matches: true, why: "each text is taken where it comes first" },
  { pattern: "a*b*b", name: "ab", matches: false, why: "one b is not two" },
  { pattern: "**", name: "s1", matches: true, why: "two are as good as one" },
  { pattern: "", name: "s1", matches: false, why: "nothing matches nothing but itself" },
])("$pattern and '$name': $why", ({ pattern, name, matches }) => {
  expect(namePattern(pattern)(name)).toBe(matches);
});

test("it is the regular expression with .* in the place of each *", () => {
  const prng = new SeededPrng(28);
  const text = (characters: string, most: number) =>
    Array.from({ length: prng.below(most) }, () => characters[prng.below(characters.length)]).join("");
  let matched = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const [pattern, name] = [text("ab*", 7), text("ab", 8)];
    const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);
    expect({ pattern, name, matches: namePattern(pattern)(name) }).toEqual({
      ...{ pattern, name, matches: expected },
    });
    if (expected) matched += 1;
  }
  expect(matched).toBeGreaterThan(1_000);
});

test("a long pattern of many * takes no longer than its length times the name's", () => {
  const matches = namePattern(`${"a*".repeat(250)}b`);
  for (let round = 0; round < 1_000; round += 1) expect(matches("a".repeat(500))).toBe(false);
});
