// Keys are compared byte by byte, short ones and long ones.

import { expect, test } from "vitest";
import { compareBytes, textOf } from "../../../src/core/kv/key-bytes.ts";

test.each([{ length: 1 }, { length: 127 }, { length: 128 }, { length: 300 }])(
  "keys that begin with the same $length bytes sort as their texts do",
  ({ length }) => {
    const begin = "k".repeat(length);
    const sorted = [begin, `${begin}\0`, `${begin}a`, `${begin}aa`, `${begin}b`, `${begin}\xff`];
    for (const [at, one] of sorted.entries())
      for (const [other, text] of sorted.entries()) {
        const [left, right] = [Buffer.from(one, "latin1"), Buffer.from(text, "latin1")];
        expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(at - other));
        expect(textOf(left) < textOf(right)).toBe(at < other);
      }
  },
);
