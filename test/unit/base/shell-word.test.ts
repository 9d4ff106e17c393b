import { expect, test } from "vitest";
import { shellWord } from "../../../src/core/base/shell-word.ts";

test.each([
  { text: "/mnt/backup/fleet", word: "/mnt/backup/fleet", why: "nothing in it is the shell's" },
  {
    text: "s3://b/p?endpoint=http://h:1&region=r",
    word: "'s3://b/p?endpoint=http://h:1&region=r'",
    why: "? and &",
  },
  { text: "/mnt/my backup", word: "'/mnt/my backup'", why: "a blank" },
  { text: "it's", word: `'it'\\''s'`, why: "a quote" },
  { text: "", word: "''", why: "empty, and a word all the same" },
])("$word: $why", ({ text, word }) => {
  expect(shellWord(text)).toBe(word);
});
