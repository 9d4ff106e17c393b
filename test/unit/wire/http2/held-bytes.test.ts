// Bytes that wait for their reader: in order, in time that grows with them, and without the reads that they came in.

import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { HeldBytes, owned } from "../../../../src/core/wire/http2/held-bytes.ts";
import { FRAME_BYTES_MAX, WINDOW_BYTES } from "../../../../src/core/wire/http2/protocol.ts";
import { RequestBytes } from "../../../../src/core/wire/server/request-bytes.ts";
import { turns } from "../../../turns.ts";

const READ_BYTES = 64 * 1024;

test("whatever comes leaves in order, in pieces of at most a frame, and stays what it was", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new SeededPrng(seed);
    const held = new HeldBytes();
    const came: Buffer[] = [];
    const left: Buffer[] = [];
    const take = () => {
      const piece = held.shift();
      if (piece === null) return false;
      // A reader may use a part of it.
      const used = random.below(3) > 0 ? piece.length : 1 + random.below(piece.length);
      left.push(piece.subarray(0, used));
      if (used < piece.length) held.putBack(piece.subarray(used));
      return true;
    };
    for (let step = 0; step < 60; step += 1) {
      if (random.below(3) === 0) take();
      const piece = Buffer.alloc(1 + random.below(random.below(4) === 0 ? 40_000 : 50), step);
      came.push(piece);
      held.push(Buffer.from(piece));
    }
    const turn = turns("the last byte");
    while (take()) turn();
    expect(Buffer.concat(left).equals(Buffer.concat(came)), `seed ${seed}`).toBe(true);
    expect(Math.max(...left.map(({ length }) => length))).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  }
});

test("a window of single bytes leaves in a few pieces", () => {
  const held = new HeldBytes();
  for (let byte = 0; byte < WINDOW_BYTES; byte += 1) held.push(Buffer.alloc(1, byte));
  let pieces = 0;
  const turn = turns("the last byte", WINDOW_BYTES);
  while (held.shift() !== null) {
    turn();
    pieces += 1;
  }
  expect(pieces).toBe(4);
});

test("a window that leaves byte by byte is not copied for each of them", () => {
  const held = new HeldBytes();
  for (let at = 0; at < 4; at += 1) held.push(Buffer.alloc(WINDOW_BYTES >> 2, at));
  const made = vi.spyOn(Buffer, "allocUnsafeSlow");
  for (let piece = held.shift(); piece !== null; piece = held.shift()) {
    if (piece.length > 1) held.putBack(piece.subarray(1));
  }
  // The last piece is copied whenever three quarters of it are used.
  expect(made.mock.calls.length).toBeLessThanOrEqual(8);
  made.mockRestore();
});

test("a byte does not keep the read that it came in", () => {
  const read = Buffer.alloc(READ_BYTES);
  const held = new HeldBytes();
  held.push(read.subarray(7, 8));
  expect(held.shift()?.buffer.byteLength).toBe(1);
  const request = new RequestBytes({}, { bytesMax: 1_000 });
  request.add(read.subarray(0, 5));
  expect(request.message().buffer.byteLength).toBe(5);
  const most = read.subarray(0, READ_BYTES / 2);
  expect(owned(most)).toBe(most);
});
