// A connection that ends gracefully: calls that were on their way are refused, and those under way end as they would.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { INVALID_CALLS_MAX } from "../../../../src/core/wire/http2/incoming-frames.ts";
import { CODE, FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { Strikes } from "../../../../src/core/wire/http2/strikes.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "./http2-world.ts";

const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const END = FLAG.endHeaders | FLAG.endStream;

async function leaving() {
  const socket = new FakeSocket();
  const opened: ServerStream[] = [];
  const made = sessionOn(socket, (stream) => opened.push(stream));
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, END, 1, CALL)]));
  await nextPass();
  made.session.leave();
  const late = Array.from({ length: 2 * INVALID_CALLS_MAX }, (_, at) => 2 * at + 3);
  socket.push(Buffer.concat(late.map((id) => frameOf(FRAME.headers, END, id, CALL))));
  await nextPass();
  return { socket, opened, late, ...made };
}

test("calls that come after the farewell are refused, and are no fault", async () => {
  const { socket, opened, late, session, invalid } = await leaving();
  const resets = socket.frames.filter(({ type }) => type === FRAME.reset);
  expect(resets.map(({ stream }) => stream)).toEqual(late);
  expect(new Set(resets.map(({ payload }) => payload.readUInt32BE(0)))).toEqual(
    new Set([CODE.refusedStream]),
  );
  expect([invalid, session.destroyed, opened.length]).toEqual([[], false, 1]);
  opened[0]?.answer(Buffer.alloc(5));
  await nextPass();
  await nextPass();
  expect(session.destroyed).toBe(true);
});

test("a second farewell names no later call than the first", async () => {
  const { socket, invalid } = await leaving();
  socket.push(frameOf(FRAME.push, 0, 1));
  await nextPass();
  await nextPass();
  expect(invalid).toHaveLength(1);
  const farewells = socket.frames.filter(({ type }) => type === FRAME.goaway);
  expect(farewells.map(({ payload }) => payload.readUInt32BE(0))).toEqual([1, 1]);
});

test("an empty message without its head is not written", async () => {
  const { opened, session } = await leaving();
  opened[0]?.begin();
  expect(() => opened[0]?.write(Buffer.alloc(0), null)).toThrow(/its head/);
  session.destroy();
});

test("seldom faults never end a connection, however long it lives; a burst does", () => {
  let nowMs = 0;
  const strikes = new Strikes(() => nowMs, { burst: 3, perSecond: 1 });
  for (let fault = 0; fault < 50; fault += 1) {
    expect(strikes.add()).toBe(false);
    nowMs += 1_000;
  }
  expect(Array.from({ length: 5 }, () => strikes.add()).pop()).toBe(true);
});
