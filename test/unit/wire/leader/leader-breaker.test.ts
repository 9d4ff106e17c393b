import { describe, expect, test } from "vitest";
import { type Claim, LeaderBreaker } from "../../../../src/core/wire/leader/leader-breaker.ts";

const claim = (differs: Partial<Claim> = {}): Claim => ({ id: "1", address: "a", term: 5, ...differs });

/** A breaker that has heard of the leader, and of whose attempts one failed at each of these times. */
function failedAt(...timesMs: readonly number[]): LeaderBreaker {
  const breaker = new LeaderBreaker();
  breaker.hear(claim());
  for (const at of timesMs) breaker.failed(at, at, 1);
  return breaker;
}

describe("opening", () => {
  test.each([
    { times: [], isOpen: false, why: "nothing failed" },
    { times: [1, 2], isOpen: false, why: "two failures may be chance" },
    { times: [1, 2, 3], isOpen: true, why: "three are not" },
  ])("$isOpen: $why", ({ times, isOpen }) => expect(failedAt(...times).isOpen).toBe(isOpen));

  test("a thousand attempts that were under way together count once", () => {
    const breaker = failedAt(10);
    for (let call = 0; call < 1_000; call += 1) breaker.failed(9, 11, 1);
    expect(breaker.isOpen).toBe(false);
  });

  test("one probe per backoff, which doubles from 100 ms to 2 s", () => {
    const breaker = failedAt(0, 0, 0);
    const waits: number[] = [];
    for (let nowMs = 0, probe = 0; probe < 7; probe += 1) {
      const waitMs = breaker.waitMs(nowMs);
      waits.push(waitMs);
      nowMs += waitMs;
      expect(breaker.waitMs(nowMs)).toBe(0);
      breaker.failed(nowMs, nowMs, 1);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  });

  test("chance spreads a backoff over its upper half", () => {
    const breaker = failedAt(0, 0);
    breaker.failed(0, 0, 0);
    expect(breaker.waitMs(0)).toBe(50);
  });
});

describe("hearing who leads, after three failures of 1 at a in term 5", () => {
  test.each([
    { heard: claim(), hearing: "known", isOpen: true, why: "the same again" },
    { heard: claim({ term: 6 }), hearing: "new-leadership", isOpen: false, why: "elected again since" },
    {
      heard: claim({ id: "2", address: "b", term: 6 }),
      hearing: "new-leadership",
      isOpen: false,
      why: "a successor",
    },
    {
      heard: claim({ id: "2", address: "b", term: 4 }),
      hearing: "stale",
      isOpen: true,
      why: "whoever says it lags",
    },
    {
      heard: claim({ id: "", term: 0 }),
      hearing: "known",
      isOpen: true,
      why: "an older server names no term",
    },
    {
      heard: claim({ address: "z" }),
      hearing: "new-leadership",
      isOpen: false,
      why: "the same at another address",
    },
  ])("$hearing: $why", ({ heard, hearing, isOpen }) => {
    const breaker = failedAt(1, 2, 3);
    expect(breaker.hear(heard)).toBe(hearing);
    expect(breaker.isOpen).toBe(isOpen);
  });
});

test("success closes it, and the next trouble begins with a short backoff", () => {
  const breaker = failedAt(0, 0, 0, 100, 300);
  breaker.succeeded("a");
  expect([breaker.isOpen, breaker.waitMs(0)]).toEqual([false, 0]);
  for (const at of [900, 901, 902]) breaker.failed(at, at, 1);
  expect(breaker.waitMs(902)).toBe(100);
});

test("a leader known by its answers alone takes its term from the first claim, and keeps its failures", () => {
  const breaker = new LeaderBreaker();
  breaker.succeeded("a");
  breaker.failed(0, 0, 1);
  breaker.failed(1, 1, 1);
  expect(breaker.hear(claim())).toBe("known");
  breaker.failed(2, 2, 1);
  expect(breaker.isOpen).toBe(true);
});

test("in another incarnation terms begin lower, and its leader is believed", () => {
  const breaker = new LeaderBreaker();
  expect(breaker.hear(claim({ term: 9, incarnation: "lost" }))).toBe("known");
  expect(breaker.hear(claim({ term: 3, incarnation: "lost" }))).toBe("stale");
  expect(breaker.hear(claim({ term: 3, incarnation: "restored" }))).toBe("new-leadership");
  expect(breaker.hear(claim({ term: 2, incarnation: "restored" }))).toBe("stale");
});
