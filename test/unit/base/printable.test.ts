// What others wrote is shown with escapes, and what scripts read parses to the same text (issue 11, terminal injection).
import { describe, expect, test } from "vitest";
import {
  isPrintable,
  printable,
  printableJson,
  printableLines,
  quoted,
} from "../../../src/core/base/printable.ts";
import { hostileTexts, UNSAFE } from "./hostile-text.ts";

describe("printable", () => {
  test.each([
    { text: "shard-1 é 漢 😀 \\", shown: "shard-1 é 漢 😀 \\", why: "letters of any script stay" },
    { text: "a\u001b[2Jb", shown: "a\\u001b[2Jb", why: "C0" },
    { text: "a\nb\rc\td", shown: "a\\nb\\rc\\td", why: "an end of a line begins none" },
    {
      text: "\u007f\u009b2J\u0085",
      shown: "\\u007f\\u009b2J\\u0085",
      why: "DEL and C1, of which 9B is as good as ESC [",
    },
    {
      text: "s1\u202e1s",
      shown: "s1\\u202e1s",
      why: "bidirectional controls reorder what stands beside them",
    },
    {
      text: "\u2066x\u2069\u200f\u061c",
      shown: "\\u2066x\\u2069\\u200f\\u061c",
      why: "isolates and marks too",
    },
    {
      text: "a\u200bb\ufeffc\u00ad",
      shown: "a\\u200bb\\ufeffc\\u00ad",
      why: "zero-width: two names that look equal",
    },
    { text: "a\u2028b\u2029", shown: "a\\u2028b\\u2029", why: "separators of lines and paragraphs" },
    { text: "\u{e0041}\u3164\ufe0f", shown: "\\u{e0041}\\u3164\\ufe0f", why: "what is drawn as nothing" },
    { text: "\ud800", shown: "\\ud800", why: "a lone surrogate" },
  ])("$why", ({ text, shown }) => {
    expect(printable(text)).toBe(shown);
    expect(isPrintable(printable(text))).toBe(true);
  });

  test("lines made here keep their ends, and their colours on a terminal only", () => {
    const text = "\u001b[32m● up\u001b[39m\n\u001b[2J\u202ex";
    expect(printableLines(text, true)).toBe("\u001b[32m● up\u001b[39m\n\\u001b[2J\\u202ex");
    expect(printableLines(text, false)).toBe("\\u001b[32m● up\\u001b[39m\n\\u001b[2J\\u202ex");
  });

  test("JSON with any text is printable and parses to the same", () => {
    for (const text of hostileTexts(11, 2_000)) {
      const value = { [text]: [text] };
      const json = printableJson(JSON.stringify(value, null, 2));
      expect(json).not.toMatch(UNSAFE);
      expect(JSON.parse(json)).toEqual(value);
    }
  });

  test("a caller's text is quoted and cut, and no surrogate pair is cut in two", () => {
    expect(quoted('a"\n\u202e')).toBe('"a\\"\\n\\u202e"');
    expect(quoted("x".repeat(1_000_000))).toBe(`"${"x".repeat(63)}…"`);
    expect(quoted(`${"x".repeat(62)}😀😀`)).toBe(`"${"x".repeat(62)}…"`);
  });
});
