import { expect, test } from "vitest";
import { groupId, logIndex, term } from "../../../src/core/base/ids.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  parseSnapshotFileName,
  snapshotFileName,
} from "../../../src/core/storage/snapshot-file.ts";
import { snapshot } from "./support.ts";

const name = { group: groupId(3), term: term(2), index: logIndex(70) };
const bytes = encodeSnapshot(name.group, snapshot(70, 2));

test("survives its file, configuration included", () => {
  expect(decodeSnapshot(bytes, name)).toEqual(snapshot(70, 2));
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
