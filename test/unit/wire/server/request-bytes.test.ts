// Requests that are not whole yet: in the smallest pieces they cost twice their bytes, and a connection has a share.

import { expect, test } from "vitest";
import { framed, HEADER_BYTES } from "../../../../src/core/wire/server/message-frames.ts";
import { RequestBytes } from "../../../../src/core/wire/server/request-bytes.ts";
import { UNFINISHED_BYTES_MAX } from "../../../../src/core/wire/server/unfinished-bytes.ts";

const MEGABYTE = 1024 * 1024;

test("a message comes whole out of pieces of one byte", () => {
  const message = Buffer.from(Array.from({ length: 3_000 }, (_, at) => at % 251));
  const bytes = new RequestBytes({}, { bytesMax: 3_000 });
  for (const byte of framed(message)) expect(bytes.add(Buffer.of(byte))).toBeNull();
  expect(bytes.message()).toEqual(message);
});

test("pieces of awkward sizes need no more memory than the message", () => {
  const message = framed(Buffer.alloc(MEGABYTE));
  for (const size of [300_001, 524_300, MEGABYTE - 1]) {
    const bytes = new RequestBytes({}, { bytesMax: MEGABYTE });
    for (let at = 0; at < message.length; at += size) bytes.add(message.subarray(at, at + size));
    expect({ size, memory: bytes.message().buffer.byteLength }).toEqual({ size, memory: message.length });
  }
});

test("more than was announced, and less, is no message", () => {
  const bytes = new RequestBytes({}, { bytesMax: 10 });
  expect(bytes.add(framed(Buffer.alloc(5)))).toBeNull();
  expect(() => new RequestBytes({}, { bytesMax: 10 }).message()).toThrow(/not one whole message/);
  // At once: each further piece would be copied with all before it.
  expect(bytes.add(Buffer.alloc(1))?.details).toMatch(/not one whole message/);
  expect(() => bytes.message()).toThrow(/not one whole message/);
  expect(bytes.add(Buffer.alloc(10))?.details).toMatch(/not one whole message/);
  expect(new RequestBytes({}, { bytesMax: 10 }).add(Buffer.alloc(HEADER_BYTES + 1))?.details).toMatch(
    /not one whole/,
  );
});

test("what a connection has under way is bounded, and given back when a request is whole or gone", () => {
  const connection = {};
  const part = Buffer.alloc(8 * MEGABYTE);
  part.writeUInt32BE(16 * MEGABYTE, 1);
  const open = Array.from({ length: 4 }, () => new RequestBytes(connection, { bytesMax: 16 * MEGABYTE }));
  expect(open.map((one) => one.add(part))).toEqual([null, null, null, null]);
  expect(4 * part.length).toBe(UNFINISHED_BYTES_MAX);
  const further = new RequestBytes(connection, { bytesMax: 16 * MEGABYTE });
  expect(further.add(part)?.details).toMatch(/on one connection/);
  expect(new RequestBytes({}, { bytesMax: 16 * MEGABYTE }).add(part), "another connection").toBeNull();
  for (const one of [...open, further]) one.release();
  expect(new RequestBytes(connection, { bytesMax: 16 * MEGABYTE }).add(part)).toBeNull();
});

test("frames of a slow peer under way take no room from its other calls", () => {
  const peer = {};
  const frame = new RequestBytes(peer, { bytesMax: 64 * MEGABYTE, isReplication: true });
  const part = Buffer.alloc(UNFINISHED_BYTES_MAX + MEGABYTE);
  part.writeUInt32BE(64 * MEGABYTE, 1);
  expect(frame.add(part)).toBeNull();
  const question = new RequestBytes(peer, { bytesMax: 1_000 });
  expect(question.add(framed(Buffer.alloc(10)))).toBeNull();
});
