import { expect, test } from "vitest";
import { AssertionError } from "../../../src/core/base/assert.ts";
import { groupId, logIndex, term } from "../../../src/core/base/ids.ts";
import {
  decodePayload,
  encodeFrame,
  findFrame,
  findLaterFrame,
  frameBytes,
  payloadBytes,
  readFrame,
} from "../../../src/core/storage/frame.ts";
import type { WalRecord } from "../../../src/core/storage/record.ts";
import { entry, hardState } from "./support.ts";

const big = Number.MAX_SAFE_INTEGER;
const records: readonly WalRecord[] = [
  { kind: "entry", group: groupId(big), entry: entry(big, big) },
  { kind: "entry", group: groupId(0), entry: { ...entry(7), type: "conf-change" } },
  {
    kind: "entry",
    group: groupId(0),
    entry: { ...entry(8), type: "conf-change-v2", data: new Uint8Array(0) },
  },
  { kind: "hard-state", group: groupId(3), hardState: hardState(big, big, big) },
  {
    kind: "snapshot-mark",
    group: groupId(4),
    mark: { index: logIndex(9), term: term(2), restartsLog: true },
  },
];

/** A segment of zeros with the frame at `offset`. */
function segmentWith(frame: Uint8Array, offset: number, bytes = 8192): Uint8Array {
  const segment = new Uint8Array(bytes);
  segment.set(frame, offset);
  return segment;
}

test("every kind of record survives a frame", () => {
  const frame = encodeFrame(5, records);
  expect(frame.length).toBe(frameBytes(payloadBytes(records)));
  expect(frame.length % 8).toBe(0);
  const read = readFrame(segmentWith(frame, 64), 64);
  expect(read).toMatchObject({ kind: "frame", sequence: 5, end: 64 + frame.length });
  expect(read.kind === "frame" && decodePayload(read.payload)).toEqual(records);
});

test("zeros to the end are the end", () => {
  expect(readFrame(new Uint8Array(100), 40)).toEqual({ kind: "end" });
  expect(readFrame(new Uint8Array(100), 96)).toEqual({ kind: "end" });
});

test("any flipped bit of a whole frame is found, and is not taken for a torn write", () => {
  const frame = encodeFrame(5, records);
  for (let position = 0; position < frame.length; position++) {
    const segment = segmentWith(frame, 0);
    segment[position] = (segment[position] ?? 0) ^ (1 << (position % 8));
    expect(readFrame(segment, 0), `byte ${position}`).toMatchObject({ kind: "invalid", isTorn: false });
  }
});

test("a frame that the file ends in is cut short, wherever it ends", () => {
  const frame = encodeFrame(5, records);
  for (let length = 1; length < frame.length; length++) {
    const cutShort = { kind: "invalid", isTorn: true, isCutShort: true };
    expect(readFrame(frame.subarray(0, length), 0)).toMatchObject(cutShort);
  }
});

const wide = encodeFrame(5, [{ kind: "entry", group: groupId(0), entry: entry(1, 1, "x".repeat(2000)) }]);

test.each([
  { at: 0, why: "sectors of the frame's own grid" },
  { at: 504, why: "the header straddles two sectors" },
  { at: 488, why: "the header ends with its sector" },
  { at: 320, why: "the frame starts inside a sector" },
])("whichever sectors are missing, the frame is torn: $why", ({ at }) => {
  const firstSector = Math.floor(at / 512);
  const count = Math.ceil((at + wide.length) / 512) - firstSector;
  for (let missing = 1; missing < 2 ** count - 1; missing++) {
    const segment = segmentWith(wide, at);
    for (let sector = 0; sector < count; sector++) {
      if (missing & (1 << sector))
        segment.fill(0, (firstSector + sector) * 512, (firstSector + sector + 1) * 512);
    }
    expect(readFrame(segment, at), missing.toString(2)).toMatchObject({ kind: "invalid", isTorn: true });
  }
});

test("a frame is found behind garbage", () => {
  const segment = segmentWith(encodeFrame(9, records), 1024);
  segment.fill(0x46, 0, 512);
  expect(findFrame(segment)).toBe(1024);
  expect(findLaterFrame(segment, 0, 3)).toBe(1024);
  expect(findLaterFrame(segment, 1024, 3)).toBeNull();
});

test.each([
  { found: 4, last: 7, isLater: false, why: "an older frame is payload" },
  { found: 7, last: 7, isLater: false, why: "the frame before the invalid one is payload" },
  { found: 8, last: 7, isLater: false, why: "the invalid frame has this sequence itself" },
  { found: 9, last: 7, isLater: true, why: "the next one was written when the invalid one was whole" },
  { found: 40, last: 7, isLater: true, why: "32 frames of 32 bytes have room before it" },
  { found: 41, last: 7, isLater: false, why: "33 have none: it is another log's" },
  { found: 4, last: null, isLater: true, why: "what came before is unknown" },
])("behind the invalid frame after $last stands frame $found: $why", ({ found, last, isLater }) => {
  const segment = segmentWith(encodeFrame(found, records), 1024);
  segment.fill(0x46, 0, 512);
  expect(findLaterFrame(segment, 0, last)).toBe(isLater ? 1024 : null);
});

test("an unknown kind of record is refused", () => {
  expect(() => decodePayload(Uint8Array.from([99, 0, 0, 0, 0, 0, 0, 0, 0]))).toThrow(AssertionError);
});
