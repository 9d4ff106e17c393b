import { expect, test } from "vitest";
import { GrowingBytes } from "../../../src/core/base/growing-bytes.ts";

test("parts come one behind the other, also beyond what was expected", () => {
  const bytes = new GrowingBytes(10);
  const parts = [1, 2, 3].map((fill) => new Uint8Array(50_000).fill(fill));
  for (const part of parts) bytes.append(part);
  expect(Buffer.compare(bytes.written, Buffer.concat(parts))).toBe(0);
});

test("without parts there is nothing", () => {
  expect(new GrowingBytes(10).written).toHaveLength(0);
});
