// Bytes that belong to no call have one budget an identity, over all of its connections.

import { beforeEach, expect, test, vi } from "vitest";
import { CALL_BYTES, OVERHEAD, OverheadBytes } from "../../../../src/core/wire/server/overhead-bytes.ts";
import { fakeTime } from "../../fake-time.ts";

class FakeConnection {
  bytesRead = 0;
  bytesWritten = 0;
  callBytes = 0;
  isCut = false;
}

let overhead: OverheadBytes;
fakeTime();
beforeEach(() => {
  overhead = new OverheadBytes({ note: () => undefined }, () => performance.now());
});

function open(holder: string): FakeConnection {
  const connection = new FakeConnection();
  const end = () => {
    connection.isCut = true;
    overhead.close(connection);
  };
  overhead.open(connection, holder, connection, end);
  return connection;
}

const { burst, perSecond } = OVERHEAD;

test("a full budget may be sent at once, and no byte more", () => {
  const [fits, exceeds] = [open("a"), open("b")];
  fits.bytesRead = burst;
  exceeds.bytesRead = burst + 1;
  overhead.look();
  expect([fits.isCut, exceeds.isCut]).toEqual([false, true]);
});

test("it refills with time", () => {
  const one = open("a");
  one.bytesRead = burst;
  vi.advanceTimersByTime(10_000);
  one.bytesRead += 9 * perSecond;
  vi.advanceTimersByTime(100);
  expect(one.isCut).toBe(false);
  one.bytesRead += 2 * perSecond;
  vi.advanceTimersByTime(100);
  expect(one.isCut).toBe(true);
});

test("the heaviest connections of an identity end, the others stay", () => {
  const [light, heavy, heavier, other] = [open("a"), open("a"), open("a"), open("b")];
  [light.bytesRead, heavy.bytesRead, heavier.bytesRead] = [1_000, burst / 2, burst];
  overhead.look();
  expect([light, heavy, heavier, other].map(({ isCut }) => isCut)).toEqual([false, false, true, false]);
  heavy.bytesRead += burst;
  overhead.look();
  expect([light, heavy, other].map(({ isCut }) => isCut)).toEqual([false, true, false]);
});

test.each([
  { what: "calls", account: (one: object) => overhead.call(one), bytes: CALL_BYTES },
  {
    what: "data of calls",
    account: (one: FakeConnection) => {
      one.callBytes += 10_000;
    },
    bytes: 20_000,
  },
  {
    what: "answers that were read",
    account: (one: FakeConnection) => {
      one.bytesWritten += 64_000;
    },
    bytes: 1_000,
  },
])("$what account for bytes", ({ account, bytes }) => {
  const one = open("a");
  for (let round = 0; round < 1_000; round += 1) {
    account(one);
    one.bytesRead += bytes;
    overhead.look();
  }
  expect(one.isCut).toBe(false);
  one.bytesRead += burst + 1;
  overhead.look();
  expect(one.isCut).toBe(true);
});

test("what was accounted for is not saved up, beyond a window of data that wait in a stream", () => {
  const one = open("a");
  one.callBytes += 100 * burst;
  overhead.look();
  one.bytesRead += burst + 64 * 1024;
  overhead.look();
  expect(one.isCut).toBe(false);
  one.bytesRead += 64 * 1024;
  overhead.look();
  expect(one.isCut).toBe(true);
});

test("without connections no timer runs", () => {
  const one = open("a");
  expect(vi.getTimerCount()).toBe(1);
  overhead.close(one);
  expect(vi.getTimerCount()).toBe(0);
  overhead.call(one);
});
