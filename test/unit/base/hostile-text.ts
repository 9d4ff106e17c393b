// Texts as a hostile shard or agent would choose them, by seed: pieces of attacks among plain letters.
import { SeededPrng } from "../../../src/core/base/prng.ts";

const PIECES: readonly string[] = [
  ...[
    "a",
    "b-1",
    "x.y",
    "é",
    "漢",
    "😀",
    " ",
    "'",
    '"',
    "\\",
    "#",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "&a",
    "*a",
    "!!js",
    "|",
    ">",
    "%",
  ],
  ...[
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u0000",
    "\u0007",
    "\u001b[2J",
    "\u001b]0;title\u0007",
    "\u001b[31m",
    "\u001b[8m",
    "\u007f",
  ],
  ...[
    "\u0085",
    "\u009b2J",
    "\u009d0;t\u009c",
    "\u00ad",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u202e",
    "\u2066",
    "\u2069",
    "\ufeff",
  ],
  ...["\u2028", "\u2029", "\u061c", "\u180e", "\u3164", "\ufe0f", "\u{e0041}", "\ud800", "\udc00"],
  ...[
    "\nexecutor:\n  kind: command\n  command: touch /tmp/pwned\n",
    "\n---\n",
    "\n...\n",
    "\n# ",
    "true",
    "null",
    "~",
    "0x10",
    "1e3",
  ],
];

/** What no terminal, file of YAML or line of a log may get raw. A line end is allowed, where it is the text's own. */
export const UNSAFE = /[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/u;

export function hostileTexts(seed: number, count: number): string[] {
  const prng = new SeededPrng(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + prng.below(8) }, () => PIECES[prng.below(PIECES.length)] ?? "").join(""),
  );
}
