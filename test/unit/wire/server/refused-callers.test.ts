// A caller that keeps being refused costs a bounded amount, whatever its speed; one that is refused now and then notices
// nothing (ADR-0074).

import { status } from "@grpc/grpc-js";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { MonotonicMs } from "../../../../src/core/base/clock.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { APART_MS, HandshakePace } from "../../../../src/core/wire/server/handshake-pace.ts";
import {
  HANDSHAKE_BYTES,
  HELD_MAX,
  LARGE_BYTES,
  priceOf,
  REFUSAL_BYTES,
  RefusedCallers,
  WASTE,
} from "../../../../src/core/wire/server/refused-callers.ts";
import { fakeTime } from "../../fake-time.ts";

const DENIED = rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "");
const AT_ONCE = WASTE.burst / REFUSAL_BYTES;
const NETWORK = "10.0.0.1";
const MEGABYTE = 1024 * 1024;

let nowMs: number;
let refused: RefusedCallers;
let lines: object[];
let answered: number;
let closed: number;
let denied: number;
fakeTime("setTimeout", "clearTimeout");
beforeEach(() => {
  [nowMs, answered, closed, lines] = [0, 0, 0, []];
  const log = { warn: (_: string, fields?: object) => lines.push({ ...fields }) };
  denied = 0;
  const note = ({ reason }: { readonly reason: string }) => {
    expect(reason).toBe("REFUSED_TOO_OFTEN");
    denied += 1;
  };
  refused = new RefusedCallers(log, { note }, () => nowMs as MonotonicMs);
});

const session = { from: NETWORK, destroy: () => (closed += 1) };
const stream = {
  ...{ session, isGone: false, hasAnswer: false, drop: () => undefined },
  refuse: () => {
    answered += 1;
  },
} as unknown as ServerStream;

function refuse(caller: string, count: number, error = DENIED, bytes = 0): void {
  for (let at = 0; at < count; at += 1) refused.refuse(caller, stream, error, bytes);
}

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

test("refusals leave at once until the budget is used up, and late from then on", () => {
  refuse("a", AT_ONCE);
  expect(answered).toBe(AT_ONCE);
  refuse("a", 3);
  expect([answered, refused.counts.get("refusal")]).toEqual([AT_ONCE, 3]);
  refuse("b", 1);
  expect(answered, "another's leave at once").toBe(AT_ONCE + 1);
  pass(2_000);
  expect(answered).toBe(AT_ONCE + 4);
  expect(lines).toEqual([
    { caller: "a", from: NETWORK, what: "refusal", reason: "PERMISSION_DENIED", times: 1 },
  ]);
});

test("a caller that is refused four times a second is never slowed", () => {
  for (let second = 0; second < 1_000; second += 1) {
    refuse("a", 4);
    pass(1_000);
  }
  expect([answered, refused.counts.size]).toEqual([4_000, 0]);
});

test("however many calls it makes, few are answered in a second, and the connections that bring more end", () => {
  refuse("a", AT_ONCE);
  answered = 0;
  for (let second = 0; second < 10; second += 1) {
    refuse("a", 10_000);
    pass(1_000);
  }
  pass(2_000);
  expect(answered).toBeLessThanOrEqual(10 * HELD_MAX);
  expect([closed, denied]).toEqual([100_000 - answered, closed]);
});

test("what it owes is bounded, so that it is served again", () => {
  refuse("a", 10_000);
  pass((2 * WASTE.burst * 1_000) / WASTE.perSecond);
  answered = 0;
  refuse("a", AT_ONCE);
  expect(answered).toBe(AT_ONCE);
});

test("while a caller owes, its large messages are refused before they are read, and its small ones are not", () => {
  expect(refused.refuseMessage("a", NETWORK, 16 * MEGABYTE)).toBeNull();
  refused.waste("a", 16 * MEGABYTE);
  expect(refused.refuseMessage("a", NETWORK, 16 * MEGABYTE), "it owes nothing yet").toBeNull();
  refuse("a", 1);
  expect(refused.refuseMessage("a", NETWORK, LARGE_BYTES)).toBeNull();
  expect(refused.refuseMessage("b", NETWORK, 16 * MEGABYTE)).toBeNull();
  const error = readRpcError(refused.refuseMessage("a", NETWORK, LARGE_BYTES + 1));
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: "REFUSED_TOO_OFTEN" });
  expect(error.message).toMatch(/at last for PERMISSION_DENIED/);
  expect(error.retryDelayMs, "64 kB at 256 kB a second, in steps of 100 ms").toBe(300);
  pass(300);
  expect(refused.refuseMessage("a", NETWORK, 16 * MEGABYTE)).toBeNull();
});

test.each([
  [status.UNAUTHENTICATED, "IDENTITY_MISSING", "all"],
  [status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "all"],
  [status.UNIMPLEMENTED, "COMPRESSION_REFUSED", "all"],
  [status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", "all"],
  [status.DEADLINE_EXCEEDED, "REQUEST_TOO_SLOW", "all"],
  [status.FAILED_PRECONDITION, "EPOCH_STALE", "its bytes"],
  [status.FAILED_PRECONDITION, "NOT_LEADER", "nothing"],
  [status.RESOURCE_EXHAUSTED, "OVERLOADED", "nothing"],
  [status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "nothing"],
  [status.UNAVAILABLE, "NO_QUORUM", "nothing"],
  [status.INTERNAL, "INTERNAL", "nothing"],
] as const)("a call that ends with %s %s costs %s", (code, reason, what) => {
  const error = rpcError(code, reason, "");
  const prices = { all: REFUSAL_BYTES + MEGABYTE, "its bytes": MEGABYTE, nothing: 0 };
  expect(priceOf(error, MEGABYTE)).toBe(prices[what]);
  expect(priceOf(error, 100), "a small one").toBe(what === "all" ? REFUSAL_BYTES + 100 : 0);
});

describe("handshakes", () => {
  let pace: HandshakePace;
  beforeEach(() => {
    pace = new HandshakePace(() => nowMs as MonotonicMs);
  });
  const begin = (from = NETWORK) => pace.waitMs(from, refused);

  test("of a network that owes wait for each other, and those for which there is no time are closed", () => {
    for (let failed = 0; failed < WASTE.burst / HANDSHAKE_BYTES; failed += 1) {
      expect(begin()).toBe(0);
      refused.waste(NETWORK, HANDSHAKE_BYTES);
    }
    refused.waste(NETWORK, 40 * HANDSHAKE_BYTES);
    expect([begin(), begin(), begin()]).toEqual([0, APART_MS, 2 * APART_MS]);
    expect(begin("10.0.0.2"), "of another network").toBe(0);
    const waits = Array.from({ length: 1_000 }, () => begin());
    expect(waits.filter((wait) => wait !== null).length).toBe(248);
    pass(1_000);
    const more = Array.from({ length: 1_000 }, () => begin());
    expect(more.filter((wait) => wait !== null).length, "fifty a second").toBe(50);
    pass(60_000);
    expect([begin(), begin()]).toEqual([0, 0]);
  });
});
