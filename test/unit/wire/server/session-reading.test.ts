// The handle below an HTTP/2 session's socket, stopped and started. That a real one is there is paced-burst.test.ts's matter.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readingOf } from "../../../../src/core/wire/server/session-reading.ts";

const handle = {
  isRead: true,
  writeQueueSize: 0,
  readStop: () => {
    handle.isRead = false;
    return 0;
  },
  readStart: () => {
    handle.isRead = true;
    return 0;
  },
};
beforeEach(() => {
  handle.isRead = true;
  handle.writeQueueSize = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

const sessionOn = (socket: object, destroyed = false) => ({ destroyed, socket }) as never;

test("reading stops and goes on", () => {
  const reading = readingOf(sessionOn({ _handle: handle }));
  reading?.stopReading();
  expect(handle.isRead).toBe(false);
  reading?.readOn();
  expect(handle.isRead).toBe(true);
});

test("a client that takes no answers is not read on: Node does that once they have left", () => {
  const reading = readingOf(sessionOn({ _handle: handle }));
  reading?.stopReading();
  handle.writeQueueSize = 1;
  reading?.readOn();
  expect(handle.isRead).toBe(false);
});

test("a connection is read on after a write that the session did not begin, such as TLS's own", () => {
  vi.useFakeTimers();
  const reading = readingOf(sessionOn({ _handle: handle }));
  reading?.stopReading();
  handle.writeQueueSize = 1;
  reading?.readOn();
  vi.advanceTimersByTime(1_000);
  expect(handle.isRead).toBe(false);
  handle.writeQueueSize = 0;
  vi.advanceTimersByTime(1_000);
  expect(handle.isRead).toBe(true);
});

test("a connection that never accepts its answers is looked at ever less often", () => {
  vi.useFakeTimers();
  let [isStuck, looks] = [true, 0];
  const stuck = {
    ...handle,
    get writeQueueSize() {
      looks += 1;
      return isStuck ? 1 : 0;
    },
  };
  const reading = readingOf(sessionOn({ _handle: stuck }));
  reading?.readOn();
  vi.advanceTimersByTime(1_000);
  expect(looks, "at once and after 10, 30, 70, 150, 310 and 630 ms").toBe(7);
  vi.advanceTimersByTime(60_000);
  expect(looks, "then less than once a second").toBeLessThan(7 + 60);
  expect(vi.getTimerCount()).toBe(1);
  isStuck = false;
  vi.advanceTimersByTime(2_000);
  expect(vi.getTimerCount(), "it is read on").toBe(0);
  [isStuck, looks] = [true, 0];
  reading?.readOn();
  vi.advanceTimersByTime(100);
  expect(looks, "soon again after it was read").toBe(4);
});

test("a connection that is stopped again, or has ended, stays as it is", () => {
  vi.useFakeTimers();
  const session = { destroyed: false, socket: { _handle: handle } };
  const reading = readingOf(session as never);
  handle.writeQueueSize = 1;
  reading?.readOn();
  reading?.stopReading();
  handle.writeQueueSize = 0;
  vi.advanceTimersByTime(1_000);
  expect(handle.isRead).toBe(false);
  handle.writeQueueSize = 1;
  reading?.readOn();
  session.destroyed = true;
  handle.writeQueueSize = 0;
  vi.advanceTimersByTime(1_000);
  expect(handle.isRead).toBe(false);
});

test("a session is stopped by one thing, however often it is asked for", () => {
  const session = sessionOn({ _handle: handle });
  expect(readingOf(session)).toBe(readingOf(session));
});

test.each([
  { session: sessionOn({ _handle: handle }, true), why: "it has ended" },
  { session: sessionOn({ _handle: null }), why: "its socket has ended" },
  { session: sessionOn({}), why: "Node hides the handle elsewhere" },
])("nothing is stopped when $why", ({ session }) => expect(readingOf(session)).toBeNull());
