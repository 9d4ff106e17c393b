// Clients on gRPC's C core (Python, C++) read nothing between their calls, so they answer no ping then. On a port whose
// pings need a call, such a client keeps its connection.

import { setImmediate as nextPass } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "./http2-world.ts";

const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const TIMES = { everyMs: 2_000, withinMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function connected(needsCall: boolean) {
  const socket = new FakeSocket();
  const calls: ServerStream[] = [];
  const { session } = sessionOn(socket, (stream) => calls.push(stream), 100, { ...TIMES, needsCall });
  const call = async (id: number) => {
    socket.push(frameOf(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, CALL));
    await nextPass();
  };
  const answer = async () => {
    calls.shift()?.answer(Buffer.alloc(5));
    await nextPass();
  };
  const pings = () => socket.frames.filter(({ type }) => type === FRAME.ping).length;
  socket.push(HELLO);
  await nextPass();
  return { session, call, answer, pings };
}

test("a client without a call is not pinged, however long it takes", async () => {
  const { session, call, answer, pings } = await connected(true);
  await call(1);
  await answer();
  vi.advanceTimersByTime(3_600_000);
  expect([pings(), session.destroyed]).toEqual([0, false]);
});

test("a client whose call ended while a ping was on its way has until its next call to answer", async () => {
  const { session, call, answer, pings } = await connected(true);
  await call(1);
  vi.advanceTimersByTime(TIMES.everyMs);
  await nextPass();
  expect(pings()).toBe(1);
  await answer();
  vi.advanceTimersByTime(3_600_000 - 1);
  expect(session.destroyed).toBe(false);
  // The answer is behind the headers: from the call on it has its whole time.
  await call(3);
  vi.advanceTimersByTime(TIMES.withinMs - 1);
  expect(session.destroyed).toBe(false);
  vi.advanceTimersByTime(TIMES.withinMs);
  expect(session.destroyed).toBe(true);
});

test("a client with a call that answers no ping is given up", async () => {
  const { session, call, pings } = await connected(true);
  await call(1);
  vi.advanceTimersByTime(TIMES.everyMs);
  await nextPass();
  expect([pings(), session.destroyed]).toEqual([1, false]);
  vi.advanceTimersByTime(TIMES.withinMs);
  expect(session.destroyed).toBe(true);
});

test("a further call is no answer to a ping", async () => {
  const { session, call } = await connected(true);
  await call(1);
  vi.advanceTimersByTime(TIMES.everyMs);
  await call(3);
  vi.advanceTimersByTime(TIMES.withinMs);
  expect(session.destroyed).toBe(true);
});

test("on other ports a client without a call is pinged, and given up too", async () => {
  const { session, pings } = await connected(false);
  vi.advanceTimersByTime(TIMES.everyMs);
  await nextPass();
  expect(pings()).toBe(1);
  vi.advanceTimersByTime(TIMES.withinMs);
  expect(session.destroyed).toBe(true);
});
