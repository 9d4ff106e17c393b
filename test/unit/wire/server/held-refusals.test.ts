// A refusal beyond a limit leaves late, and not with thousands of others; what is held is bounded.

import { status } from "@grpc/grpc-js";
import { beforeEach, expect, test, vi } from "vitest";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { rpcError } from "../../../../src/core/wire/rpc-error.ts";
import {
  ALL_HELD_MAX,
  HELD_MAX,
  HeldRefusals,
  HOLD_MS,
} from "../../../../src/core/wire/server/held-refusals.ts";
import { fakeTime } from "../../fake-time.ts";

const ERROR = rpcError(status.RESOURCE_EXHAUSTED, "CALLS_TOO_OFTEN", "");

let answered: number;
let dropped: number;
let unheld: number;
let held: HeldRefusals;
fakeTime();
beforeEach(() => {
  answered = 0;
  dropped = 0;
  unheld = 0;
  held = new HeldRefusals();
});

function refuse(caller: string, count: number, isGone = false): void {
  const stream = {
    ...{ isGone, hasAnswer: false, drop: () => (dropped += 1) },
    refuse: () => {
      answered += 1;
    },
  };
  for (let at = 0; at < count; at += 1) {
    if (!held.hold(caller, stream as unknown as ServerStream, ERROR)) unheld += 1;
  }
}

test("refusals leave after their time, a few in each moment", () => {
  refuse("a", 500);
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect([answered, dropped], "nothing of a held call is kept").toEqual([0, 500]);
  let most = 0;
  for (let before = answered; answered < 500; before = answered) {
    vi.advanceTimersByTime(1);
    most = Math.max(most, answered - before);
  }
  expect(most).toBe(10);
  expect(held.size).toBe(0);
});

test("one caller has no more held than its number, and another its own", () => {
  refuse("a", HELD_MAX + 7);
  expect(unheld).toBe(7);
  refuse("b", 1);
  expect([unheld, held.size]).toEqual([7, HELD_MAX + 1]);
  held = new HeldRefusals(2);
  refuse("a", 3);
  expect([unheld, held.size]).toEqual([8, 2]);
});

test("all callers together have no more held than their number", () => {
  const callers = ALL_HELD_MAX / HELD_MAX + 1;
  for (let caller = 0; caller < callers; caller += 1) refuse(`caller ${caller}`, HELD_MAX);
  expect([unheld, held.size]).toEqual([HELD_MAX, ALL_HELD_MAX]);
  vi.advanceTimersByTime(10 * HOLD_MS);
  expect(held.size).toBe(0);
  refuse("another", 1);
  expect(held.size).toBe(1);
});

test("a call that its caller gave up is forgotten with its time", () => {
  refuse("a", 3, true);
  vi.advanceTimersByTime(10 * HOLD_MS);
  expect([answered, held.size]).toEqual([0, 0]);
});
