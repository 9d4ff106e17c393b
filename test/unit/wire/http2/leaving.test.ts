// A connection that ends gracefully: calls that were on their way are refused, and those under way end as they would.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { INVALID_CALLS_MAX } from "../../../../src/core/wire/http2/incoming-frames.ts";
import { CODE, FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { Strikes } from "../../../../src/core/wire/http2/strikes.ts";
import { turns } from "../../../turns.ts";
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
  // More than any connection may have of invalid calls or of useless frames.
  const late = Array.from({ length: 10 * INVALID_CALLS_MAX }, (_, at) => 2 * at + 3);
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

test("after its own farewell a caller's new calls are a fault", async () => {
  const { socket, late, invalid } = await leaving();
  socket.push(frameOf(FRAME.goaway, 0, 0, Buffer.alloc(8)));
  const next = (late.at(-1) ?? 0) + 2;
  const more = Array.from({ length: 2_000 }, (_, at) => frameOf(FRAME.headers, END, next + 2 * at, CALL));
  socket.push(Buffer.concat(more));
  await nextPass();
  expect(invalid).toHaveLength(1);
});

async function ended(socket: FakeSocket) {
  const made = sessionOn(socket, () => undefined);
  socket.push(HELLO);
  await nextPass();
  made.session.leave();
  await nextPass();
  return made;
}

test("the connection stays until its peer has ended too, so that no reset overtakes the last answers", async () => {
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session } = await ended(socket);
  socket.push(frameOf(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await nextPass();
  expect([session.destroyed, socket.readableLength], "what comes is read and dropped").toEqual([false, 0]);
  socket.push(null);
  await nextPass();
  await nextPass();
  expect(session.destroyed).toBe(true);
});

test("a peer that does not end is not waited for longer than a second", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session } = await ended(socket);
  vi.advanceTimersByTime(999);
  expect(session.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(session.destroyed).toBe(true);
  vi.useRealTimers();
});

test("nor for more than a megabyte", async () => {
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session } = await ended(socket);
  for (let part = 0; part < 17; part += 1) {
    expect(session.destroyed).toBe(false);
    socket.push(Buffer.alloc(64 * 1024));
    await nextPass();
  }
  expect(session.destroyed).toBe(true);
});

test("a read of a few bytes counts as a kilobyte: each costs some 10 µs", async () => {
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session, reads } = await ended(socket);
  const before = reads();
  const turn = turns("the end of the connection");
  while (!session.destroyed) {
    turn();
    socket.push(Buffer.alloc(1));
    await nextPass();
  }
  expect(reads() - before).toBe(1_025);
});

test("while it waits for its peer's end, its reading is paced", async () => {
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session, bugs } = await ended(socket);
  session.stopReading();
  expect(socket.isPaused()).toBe(true);
  session.readOn();
  expect([socket.isPaused(), bugs]).toEqual([false, []]);
  session.destroy();
});

test("what is paced when it ends is read in the next pass", async () => {
  const socket = new FakeSocket();
  socket.staysOpen = true;
  const { session } = sessionOn(socket, () => undefined);
  socket.push(HELLO);
  await nextPass();
  session.stopReading();
  session.leave();
  expect(socket.isPaused()).toBe(true);
  session.readOn();
  expect(socket.isPaused()).toBe(false);
  session.destroy();
});
