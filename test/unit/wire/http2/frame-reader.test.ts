// Frames are the same however their bytes are cut.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { FrameReader } from "../../../../src/core/wire/http2/frame-reader.ts";
import { PREFACE } from "../../../../src/core/wire/http2/protocol.ts";
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
    const sent = lengths.map((length, at) => [at % 10, at, 2 * at + 1, Buffer.alloc(length, at)] as const);
    const got: unknown[] = [];
    const reader = new FrameReader((type, flags, stream, payload) =>
      got.push([type, flags, stream, Buffer.from(payload)]),
    );
    const bytes = Buffer.concat([PREFACE, ...sent.map((each) => frameOf(...each))]);
    for (const piece of cut(bytes, random)) reader.take(piece);
    expect(got, `seed ${seed}`).toEqual(sent);
  }
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
  expect(cutter.take(header.subarray(4), () => null)?.message).toContain("at most 10 bytes");
});
