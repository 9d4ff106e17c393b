import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { groupId, logIndex, term } from "../../../src/core/base/ids.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  parseSnapshotFileName,
  snapshotFileName,
  snapshotParts,
} from "../../../src/core/storage/snapshot-file.ts";
import { snapshot } from "./support.ts";

const name = { group: groupId(3), term: term(2), index: logIndex(70) };
const SHA256_BYTES = 32;
const bytes = encodeSnapshot(name.group, snapshot(70, 2));

test("survives its file, configuration included", () => {
  expect(decodeSnapshot(bytes, name)).toEqual(snapshot(70, 2));
});

test("written in parts, it has the same bytes", async () => {
  const { data, ...head } = snapshot(70, 2, "x".repeat(600_000));
  const whole = encodeSnapshot(name.group, { ...head, data });
  const parts = [data.subarray(0, 1), data.subarray(1, 300_000), new Uint8Array(), data.subarray(300_000)];
  const copied: Uint8Array[] = [];
  for await (const part of snapshotParts(name.group, head, parts)) copied.push(part.slice());
  expect(Buffer.concat(copied).equals(whole)).toBe(true);
  expect(copied.every(({ length }) => length <= 256 * 1024)).toBe(true);
});

test("files of format 1, which say how long the data are, are read", () => {
  const data = snapshot(70, 2).data;
  const head = Buffer.from(bytes.subarray(0, bytes.length - data.length - SHA256_BYTES));
  head.writeUInt32LE(1, "FLEETSNP".length);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(data.length);
  const body = Buffer.concat([head, length, data]);
  const older = Buffer.concat([body, createHash("sha256").update(body).digest()]);
  expect(decodeSnapshot(new Uint8Array(older), name)).toEqual(snapshot(70, 2));
});

test("any flipped bit and any missing end is refused", () => {
  for (let position = 0; position < bytes.length; position++) {
    const flipped = bytes.slice();
    flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
    expect(decodeSnapshot(flipped, name)).toBeTypeOf("string");
    expect(decodeSnapshot(bytes.subarray(0, position), name)).toBeTypeOf("string");
  }
});

test.each([
  { other: { ...name, group: groupId(4) }, why: "another group's" },
  { other: { ...name, index: logIndex(71) }, why: "another index" },
  { other: { ...name, term: term(3) }, why: "another term" },
])("a renamed file is refused: $why", ({ other }) =>
  expect(decodeSnapshot(bytes, other)).toBe("it holds another snapshot"),
);

test("names say group, term and index", () => {
  expect(snapshotFileName(name)).toBe("3-0000000000000002-0000000000000070.snap");
  expect(parseSnapshotFileName(snapshotFileName(name))).toEqual(name);
  expect(parseSnapshotFileName(`${snapshotFileName(name)}.tmp`)).toBeNull();
});
