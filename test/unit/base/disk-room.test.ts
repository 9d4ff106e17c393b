import { describe, expect, test } from "vitest";
import { diskRoom } from "../../../src/core/base/disk-files.ts";
import { isNearlyFull, roomOf } from "../../../src/core/base/disk-room.ts";

const GIB = 2 ** 30;

test.each([
  { freeBytes: 10 * GIB, totalBytes: 100 * GIB, isLittle: false, why: "a tenth is enough" },
  { freeBytes: 9 * GIB, totalBytes: 100 * GIB, isLittle: true, why: "it is less than a tenth" },
  { freeBytes: GIB, totalBytes: 2 * GIB, isLittle: false, why: "a gibibyte is enough for a small disk" },
  { freeBytes: GIB - 1, totalBytes: 2 * GIB, isLittle: true, why: "a snapshot may not fit" },
])("$freeBytes of $totalBytes bytes are little: $isLittle, $why", ({ isLittle, ...room }) =>
  expect(isNearlyFull(room)).toBe(isLittle),
);

describe("the room of a file system", () => {
  test("is what the caller may fill, not what root may", () => {
    expect(roomOf({ bsize: 4_096, bavail: 5, blocks: 9 })).toEqual({ freeBytes: 20_480, totalBytes: 36_864 });
  });

  test("is at most what the wire holds: network file systems report 2^64 bytes", () => {
    const { freeBytes, totalBytes } = roomOf({ bsize: 2 ** 20, bavail: 2 ** 44, blocks: 2 ** 44 });
    expect([freeBytes, totalBytes].every(Number.isSafeInteger)).toBe(true);
  });

  test("is read from this machine", async () => {
    const { freeBytes, totalBytes } = await diskRoom(import.meta.dirname);
    expect(totalBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  });
});
