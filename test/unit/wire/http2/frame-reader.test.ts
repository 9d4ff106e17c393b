// Frames are the same however their bytes are cut.

import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { FrameReader } from "../../../../src/core/wire/http2/frame-reader.ts";
import { FLAG, FRAME, PREFACE } from "../../../../src/core/wire/http2/protocol.ts";
import { framed, MessageCutter } from "../../../../src/core/wire/server/message-frames.ts";
import { frameOf } from "./http2-world.ts";

/** Pieces of any length, also none. */
function cut(bytes: Buffer, random: SeededPrng): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + random.below([2, 12, 30_000][random.below(3)] ?? 2);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

test("frames come whole and in order, wherever reads end", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = new SeededPrng(seed);
    const lengths = Array.from({ length: 20 }, () => random.below([1, 20, 16_384][random.below(3)] ?? 1));
    const sent = lengths.map((length, at) => [at % 5, at, 2 * at + 1, Buffer.alloc(length, at)] as const);
    const got: [number, number, number, Buffer][] = [];
    const reader = new FrameReader((type, flags, stream, payload) => {
      const last = got.at(-1);
      // Data may come in parts, of which only the last has the end.
      if (type === FRAME.data && last?.[2] === stream) {
        expect(last[1] & FLAG.endStream, `seed ${seed}`).toBe(0);
        got[got.length - 1] = [type, flags, stream, Buffer.concat([last[3], payload])];
      } else got.push([type, flags, stream, Buffer.from(payload)]);
    });
    const bytes = Buffer.concat([PREFACE, ...sent.map((each) => frameOf(...each))]);
    for (const piece of cut(bytes, random)) reader.take(piece);
    expect(got, `seed ${seed}`).toEqual(sent);
  }
});

test("data are passed on as they come, and are not copied", () => {
  const parts: Buffer[] = [];
  const reader = new FrameReader((type, _, __, payload) => type === FRAME.data && parts.push(payload));
  const read = Buffer.concat([PREFACE, frameOf(FRAME.data, FLAG.endStream, 1, Buffer.alloc(1_000, "a"))]);
  for (const cut of [
    [0, 100],
    [100, 900],
    [900, read.length],
  ])
    reader.take(read.subarray(...cut));
  expect(parts.map(({ length }) => length)).toEqual([67, 800, 133]);
  expect(parts.every(({ buffer }) => buffer === read.buffer)).toBe(true);
});

test("a frame in single bytes costs its bytes once, not its square", () => {
  const kept = new Set<ArrayBufferLike>();
  const reader = new FrameReader((_, __, ___, payload) => kept.add(payload.buffer));
  const read = Buffer.concat([PREFACE, frameOf(FRAME.headers, 0, 1, Buffer.alloc(16_384))]);
  const concat = vi.spyOn(Buffer, "concat");
  for (let at = 0; at < read.length; at += 1) reader.take(read.subarray(at, at + 1));
  expect([kept.size, concat.mock.calls.length]).toEqual([1, 0]);
  concat.mockRestore();
});

test("messages come whole and in order, wherever frames end", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = new SeededPrng(seed);
    const sent = Array.from({ length: 20 }, (_, at) =>
      Buffer.alloc(random.below([1, 20, 100_000][random.below(3)] ?? 1), at),
    );
    const got: Buffer[] = [];
    const cutter = new MessageCutter(100_000);
    for (const piece of cut(Buffer.concat(sent.map(framed)), random)) {
      const refused = cutter.take(piece, (message) => {
        got.push(message);
        return null;
      });
      expect(refused).toBeNull();
    }
    expect(cutter.isBetween).toBe(true);
    expect(Buffer.concat(got.map(framed)).equals(Buffer.concat(sent.map(framed))), `seed ${seed}`).toBe(true);
  }
});

test("a message beyond its limit is refused at its length", () => {
  const header = Buffer.from([0, 0, 0, 0, 11]);
  const cutter = new MessageCutter(10);
  expect(cutter.take(header.subarray(0, 4), () => null)).toBeNull();
  expect(cutter.take(header.subarray(4), () => null)).toMatchObject({
    details: expect.stringContaining("at most 10 bytes"),
  });
});
