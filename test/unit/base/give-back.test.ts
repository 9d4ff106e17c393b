import { expect, test } from "vitest";
import { giveBack } from "../../../src/core/base/give-back.ts";

test("bytes that are given back are empty, and so is every view of them", () => {
  const bytes = new Uint8Array(1_000);
  const view = bytes.subarray(10, 20);
  giveBack(bytes);
  expect([bytes.byteLength, view.byteLength]).toEqual([0, 0]);
});

test("what shares its buffer with others stays", () => {
  const part = new Uint8Array(new ArrayBuffer(100), 10, 20);
  giveBack(part);
  expect(part.byteLength).toBe(20);
});
