// Answers that their callers do not read lie in this process: few of one identity, few of all, and none for long.

import { beforeEach, expect, test, vi } from "vitest";
import {
  ALL_UNREAD_BYTES_MAX,
  ENDED_MAX,
  READ_BYTES,
  READ_WITHIN_MS,
  UNREAD_BYTES_MAX,
  UnreadAnswers,
} from "../../../../src/core/wire/server/unread-answers.ts";
import { fakeTime } from "../../fake-time.ts";

class FakeSession {
  isCut = false;
  pushed = 0;
  left = 0;

  hasLeft(pushed: number): boolean {
    return this.left >= pushed;
  }

  destroy(): void {
    this.isCut = true;
  }
}

/** Like a real one it closes when it is reset. */
class FakeStream {
  isClosed = false;
  unsentBytes = 0;
  sentBytes = 0;
  readonly session: FakeSession;
  readonly #name: string;

  constructor(name: string, session = new FakeSession()) {
    this.#name = name;
    this.session = session;
  }

  reset(): void {
    this.isClosed = true;
    this.session.pushed += 13;
    unread.end(this.#name, this);
  }
}
const half = UNREAD_BYTES_MAX / 2;

let unread: UnreadAnswers;
fakeTime();
beforeEach(() => {
  unread = new UnreadAnswers(() => performance.now());
});

function answered(name: string, bytes: number, session = new FakeSession()): FakeStream {
  const stream = new FakeStream(name, session);
  unread.begin(name, stream, bytes);
  return stream;
}

function watched(name: string): FakeStream {
  const stream = new FakeStream(name);
  unread.watch(name, stream, stream);
  return stream;
}

test("an identity gets no further answer when it left too many bytes unread, until it reads", () => {
  const first = answered("a", half);
  expect(unread.hasRoom("a", half)).toBe(true);
  answered("a", half);
  expect(unread.hasRoom("a", 1)).toBe(false);
  expect(unread.hasRoom("b", half), "others do").toBe(true);
  unread.end("a", first);
  expect(unread.hasRoom("a", half)).toBe(true);
});

test("a lone answer may be larger than that", () => {
  expect(unread.hasRoom("a", 2 * UNREAD_BYTES_MAX)).toBe(true);
  const lone = answered("a", 2 * UNREAD_BYTES_MAX);
  vi.advanceTimersByTime(5_000);
  expect(lone.isClosed).toBe(false);
});

test("of all identities together the one with most gives way, its oldest answers first", () => {
  const few = answered("few", half / 2);
  const heavy = ["a", "b", "c", "d", "e"].flatMap((name) => [answered(name, half), answered(name, half - 1)]);
  expect(few.isClosed).toBe(false);
  expect(unread.bytes).toBeLessThanOrEqual(ALL_UNREAD_BYTES_MAX);
  expect(heavy.filter(({ isClosed }) => isClosed)).toHaveLength(3);
});

test("an answer that is not read in time ends; its connection too if even that is not read", () => {
  const stream = answered("a", 10);
  vi.advanceTimersByTime(READ_WITHIN_MS);
  expect(stream.isClosed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect([stream.isClosed, stream.session.isCut]).toEqual([true, true]);
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount(), "nothing is left to be looked at").toBe(0);
});

test("a connection ends with the last of many streams that it did not read, although it reads their ends", () => {
  const session = new FakeSession();
  for (let ended = 1; ended < ENDED_MAX; ended += 1) {
    answered("a", 10, session);
    vi.advanceTimersByTime(READ_WITHIN_MS + 1_000);
    session.left = session.pushed;
    vi.advanceTimersByTime(1_000);
  }
  expect(session.isCut).toBe(false);
  answered("a", 10, session);
  vi.advanceTimersByTime(READ_WITHIN_MS + 1_000);
  expect(session.isCut).toBe(true);
});

test("an answer whose end is read cuts no connection", () => {
  const stream = answered("a", 10);
  vi.advanceTimersByTime(READ_WITHIN_MS + 1_000);
  expect([stream.isClosed, stream.session.isCut]).toEqual([true, false]);
  stream.session.left = stream.session.pushed;
  vi.advanceTimersByTime(60_000);
  expect(stream.session.isCut).toBe(false);
  expect(vi.getTimerCount(), "nothing is left to be looked at").toBe(0);
});

test("a stream may stay for ever as long as it is read now and then", () => {
  const stream = watched("a");
  for (let round = 0; round < 10; round += 1) {
    stream.unsentBytes = 10 * READ_BYTES;
    stream.sentBytes += READ_BYTES;
    vi.advanceTimersByTime(READ_WITHIN_MS);
  }
  stream.unsentBytes = 0;
  vi.advanceTimersByTime(10 * READ_WITHIN_MS);
  expect(stream.isClosed).toBe(false);
  stream.unsentBytes = 5;
  vi.advanceTimersByTime(READ_WITHIN_MS + 3_000);
  expect(stream.isClosed).toBe(true);
});

test("a stream of which a byte is read now and then ends", () => {
  const stream = watched("a");
  stream.unsentBytes = 10 * READ_BYTES;
  for (let second = 0; second < READ_WITHIN_MS / 1_000 + 3; second += 1) {
    stream.unsentBytes -= 1;
    stream.sentBytes += 1;
    vi.advanceTimersByTime(1_000);
  }
  expect(stream.isClosed).toBe(true);
});

test("a stream that is read as fast as it is answered stays, however much waits", () => {
  const stream = watched("a");
  stream.unsentBytes = half;
  for (let second = 0; second < 10 * (READ_WITHIN_MS / 1_000); second += 1) {
    stream.sentBytes += READ_BYTES;
    vi.advanceTimersByTime(1_000);
  }
  expect(stream.isClosed).toBe(false);
});

test("unread bytes of streams count with the answers", () => {
  const streams = Array.from({ length: 8 }, () => watched("a"));
  for (const stream of streams) stream.unsentBytes = UNREAD_BYTES_MAX / 4;
  vi.advanceTimersByTime(1_000);
  expect(streams.filter(({ isClosed }) => !isClosed).length).toBeLessThanOrEqual(5);
  expect(unread.hasRoom("a", half)).toBe(false);
});

test("what a stream gets counts at once, until it is seen to be read", () => {
  const streams = [watched("a"), watched("a"), watched("a")];
  expect(unread.hasStreamRoom("a")).toBe(true);
  for (const stream of streams) {
    stream.unsentBytes = half;
    unread.wrote("a", stream, half);
  }
  expect([unread.hasStreamRoom("a"), unread.hasStreamRoom("b")]).toEqual([false, true]);
  for (const stream of streams) {
    stream.unsentBytes = 0;
    stream.sentBytes += half;
  }
  vi.advanceTimersByTime(20);
  expect(unread.hasStreamRoom("a")).toBe(true);
  expect(streams.some(({ isClosed }) => isClosed)).toBe(false);
});

test("many small answers of a stream that is read count once it is measured", () => {
  const stream = watched("a");
  for (let answers = 0; answers < 100; answers += 1) {
    unread.wrote("a", stream, UNREAD_BYTES_MAX / 10);
    stream.sentBytes += UNREAD_BYTES_MAX / 10;
    vi.advanceTimersByTime(20);
    expect(unread.hasStreamRoom("a")).toBe(true);
  }
  unread.end("a", stream);
  expect(unread.bytes).toBe(0);
});

test("streams that leave nothing unread stay when the others of their identity have a little too much", () => {
  const idle = Array.from({ length: 2 * ENDED_MAX }, () => watched("a"));
  // The last answer was allowed while there was room.
  for (const bytes of [half, half - 1, half]) {
    expect(unread.hasStreamRoom("a")).toBe(true);
    const stream = watched("a");
    stream.unsentBytes = bytes;
    unread.wrote("a", stream, bytes);
  }
  vi.advanceTimersByTime(3_000);
  expect(idle.filter(({ isClosed, session }) => isClosed || session.isCut)).toEqual([]);
});
