// Frames of closed streams (RFC 9113, 5.1 and 6.1). A caller may not send after its own end: that is an error. What it sent
// before it heard of our end is dropped.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { ClosedStreams, REMEMBERED_MAX } from "../../../../src/core/wire/http2/closed-streams.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { CODE, FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "./http2-world.ts";

const FIELDS = { ":method": "POST", ":scheme": "http", ":path": "/a/b" };
const CALL = encodeFields(FIELDS);
const WHOLE = FLAG.endHeaders | FLAG.endStream;
const REFUSED = encodeFields({ ":status": "415" });
const number = (value: number) => Buffer.from([0, 0, 0, value]);

const head = (id: number, flags: number = FLAG.endHeaders, block = CALL) =>
  frameOf(FRAME.headers, flags, id, block);
const data = (id: number, flags = 0) => frameOf(FRAME.data, flags, id, Buffer.alloc(1));
const reset = (id: number) => frameOf(FRAME.reset, 0, id, number(CODE.cancel));

/** The codes of the resets and of the farewell that are sent for `frames`, each in a pass of its own. */
async function answers(frames: readonly Buffer[], serve: (stream: ServerStream) => void) {
  const socket = new FakeSocket();
  const { session, invalid, bugs } = sessionOn(socket, serve, 3);
  socket.push(HELLO);
  for (const each of frames) {
    socket.push(each);
    await nextPass();
  }
  session.destroy();
  expect(bugs).toEqual([]);
  const resets = socket.frames.filter(({ type }) => type === FRAME.reset);
  return {
    resets: resets.map(({ stream, payload }) => [stream, payload.readUInt32BE(0)]),
    ends: invalid.map(({ code }) => code),
  };
}

const refuses = (stream: ServerStream) => stream.refuse(REFUSED);
const waits = () => undefined;
const closed = CODE.streamClosed;

test.each([
  { why: "data after the end and the answer", frames: [head(1, WHOLE), data(1)], resets: [[1, closed]] },
  {
    why: "of more data the caller hears once",
    frames: [head(1, WHOLE), data(1), data(1), data(1, FLAG.endStream)],
    resets: [[1, closed]],
  },
  {
    why: "data after the caller's reset",
    serve: waits,
    frames: [head(1), reset(1), data(1)],
    resets: [[1, closed]],
  },
  { why: "data of a stream that was left out", frames: [head(5, WHOLE), data(3)], resets: [[3, closed]] },
  { why: "headers after the end and the answer", frames: [head(1, WHOLE), head(1, WHOLE)], ends: [closed] },
  {
    why: "headers after the caller's reset",
    serve: waits,
    frames: [head(1), reset(1), head(1)],
    ends: [closed],
  },
  { why: "headers of a stream that was left out", frames: [head(5, WHOLE), head(3, WHOLE)], ends: [closed] },
  {
    why: "headers after a call that was refused whole",
    frames: [head(1, WHOLE, encodeFields({})), head(1, WHOLE)],
    resets: [[1, CODE.protocol]],
    ends: [closed],
  },
  {
    why: "data and trailers that crossed an answer are dropped; after them nothing may come",
    frames: [head(1), data(1), head(1, WHOLE), data(1)],
    resets: [
      [1, CODE.noError],
      [1, closed],
    ],
  },
  {
    why: "data to their end that crossed our reset are dropped; after them nothing may come",
    serve: (stream: ServerStream) => stream.reset(),
    frames: [head(1), data(1), data(1, FLAG.endStream), head(1, WHOLE)],
    resets: [[1, CODE.cancel]],
    ends: [closed],
  },
  {
    why: "so are those of a malformed call",
    frames: [head(1, FLAG.endHeaders, encodeFields({})), data(1), head(1, WHOLE)],
    resets: [[1, CODE.protocol]],
  },
  {
    why: "so are those of a call beyond the allowed number",
    serve: waits,
    frames: [head(1), head(3), head(5), head(7), data(7), head(7, WHOLE)],
    resets: [[7, CODE.refusedStream]],
  },
  {
    why: "resets and windows may come after every end",
    frames: [head(1, WHOLE), reset(1), frameOf(FRAME.window, 0, 1, number(1)), reset(1)],
    resets: [],
  },
])("$why", async ({ frames, serve = refuses, resets = [], ends = [] }) => {
  expect(await answers(frames, serve)).toEqual({ resets, ends });
});

test("of streams that were closed long ago, everything is dropped: which of them crossed is not known any more", () => {
  const streams = new ClosedStreams();
  for (let id = 1; id <= 2 * REMEMBERED_MAX - 1; id += 2) streams.add(id);
  expect([1, 2 * REMEMBERED_MAX - 1, 2 * REMEMBERED_MAX + 1].map((id) => streams.mayCross(id))).toEqual([
    ...[true, true, false],
  ]);
  streams.add(2 * REMEMBERED_MAX + 1);
  // The oldest is forgotten.
  streams.ended(1);
  streams.ended(3);
  expect([1, 3, 5].map((id) => streams.mayCross(id))).toEqual([true, false, true]);
});
