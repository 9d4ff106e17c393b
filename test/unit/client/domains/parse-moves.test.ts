import { describe, expect, test } from "vitest";
import { parseMoves } from "../../../../src/client/domains/parse-moves.ts";

/** Each move as "row: key=value → shard @version", or the problems. */
function brief(text: string): readonly string[] {
  const parsed = parseMoves(text);
  if (!parsed.ok) return parsed.problems;
  return parsed.moves.map(
    ({ at, key, value, shardId, expectedVersion }) =>
      `${at}: ${key}=${value} → ${shardId || "none"}${expectedVersion === undefined ? "" : ` @${expectedVersion}`}`,
  );
}

describe("CSV", () => {
  test.each([
    { text: "zone,a,s1\n", moves: ["1: zone=a → s1"], why: "three fields" },
    {
      text: "zone,a,s1,7\r\nzone,b,s2\r\n",
      moves: ["1: zone=a → s1 @7", "2: zone=b → s2"],
      why: "a version",
    },
    { text: "key,value,to,version\nzone,a,s1,\n", moves: ["2: zone=a → s1"], why: "a header line" },
    { text: "\uFEFFkey,value,to\nzone,a,s1\n", moves: ["2: zone=a → s1"], why: "as spreadsheets write it" },
    { text: "# moved on monday\n\nzone,a,\n", moves: ["3: zone=a → none"], why: "comments, and a release" },
    { text: '"a,b","say ""x""",s1\n', moves: ['1: a,b=say "x" → s1'], why: "quoted fields" },
    {
      text: "a=b,c,s1\na,b=c,s1\n",
      moves: ["1: a=b=c → s1", "2: a=b=c → s1"],
      why: "two domains that are written alike",
    },
  ])("$why", ({ text, moves }) => expect(brief(text)).toEqual(moves));

  test.each([
    { text: "zone,a\n", says: "row 1: it lacks the field 'to'", why: "no shard is not an empty one" },
    { text: "zone,a,s1,1,2\n", says: "row 1: it is not key,value,to,version", why: "a field too many" },
    { text: 'zone,"a,s1\n', says: "row 1: it is not", why: "an open quote" },
    { text: "zone,a,s1,x\n", says: 'row 1: "x" is not a version', why: "a version is a number" },
    {
      text: "zone,a,s1\nzone,a,s2\n",
      says: "row 2 repeats zone=a of row 1",
      why: "which one?",
    },
    { text: ",a,s1\n", says: "row 1: it needs a key", why: "no key" },
    { text: "\n", says: "it does not name a domain", why: "an empty file is no success" },
  ])("refused: $why", ({ text, says }) => expect(brief(text).join("; ")).toContain(says));

  test("all problems are named, up to a bound", () => {
    const problems = brief("zone,a\n".repeat(50));
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)).toBe("40 more");
  });
});

describe("JSON", () => {
  test.each([
    { text: '[{"key":"zone","value":"a","to":"s1"}]', moves: ["1: zone=a → s1"], why: "plain" },
    {
      text: ' [{"key":"z","value":"a","to":"","version":"7"}]',
      moves: ["1: z=a → none @7"],
      why: "as lists have it",
    },
    {
      text: '[{"key":"z","value":"a","to":"s1","version":0}]',
      moves: ["1: z=a → s1 @0"],
      why: "0: none yet",
    },
  ])("$why", ({ text, moves }) => expect(brief(text)).toEqual(moves));

  test.each([
    { text: "[{]", says: "JSON", why: "broken" },
    { text: "[1]", says: "row 1: it is not an object", why: "" },
    {
      text: '[{"key":"z","value":"a","shard":"s1"}]',
      says: "there is no field shard",
      why: "a typo moves nothing",
    },
    { text: '[{"key":"z","value":"a","to":"s1","version":-1}]', says: "-1 is not a version", why: "" },
  ])("refused: $says $why", ({ text, says }) => expect(brief(text).join("; ")).toContain(says));
});
