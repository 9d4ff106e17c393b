import { expect, test } from "vitest";
import { inChunks, wholeOf } from "../../../src/core/storage/chunks.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  { parts: [], pieces: [] },
  { parts: ["", ""], pieces: [] },
  { parts: ["ab"], pieces: ["ab"] },
  { parts: ["abcd"], pieces: ["abcd"] },
  { parts: ["a", "bcdefghij", "k"], pieces: ["abcd", "efgh", "ijk"] },
  { parts: ["abc", "", "defgh"], pieces: ["abcd", "efgh"] },
])("pieces of four of $parts: $pieces", async ({ parts, pieces }) => {
  const found: string[] = [];
  for await (const piece of inChunks(parts.map(bytes), 4)) found.push(new TextDecoder().decode(piece));
  expect(found).toEqual(pieces);
});

test("a whole of parts", async () => {
  const parts = async function* () {
    yield* ["ab", "", "c"].map(bytes);
  };
  expect(await wholeOf(parts())).toEqual(bytes("abc"));
});
