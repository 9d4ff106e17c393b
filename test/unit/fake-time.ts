// The one way in which tests replace timers and clocks.

import { afterEach, beforeEach, onTestFinished, vi } from "vitest";

type Faked = NonNullable<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"]>;

const DAY_MS = 86_400_000;

/** In each test of the calling file or block, time passes only when the test says so. None named: all are replaced. */
export function fakeTime(...toFake: Faked): void {
  beforeEach(() => {
    vi.useFakeTimers(toFake.length === 0 ? {} : { toFake });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** From now to the end of the calling test, time passes only when the test says so. */
export function fakeTimeHere(...toFake: Faked): void {
  vi.useFakeTimers(toFake.length === 0 ? {} : { toFake });
  onTestFinished(() => void vi.useRealTimers());
}

/** From now to the end of the calling test, the wall clock stands so many days ahead. */
export function standDaysAhead(days: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + days * DAY_MS });
  onTestFinished(() => void vi.useRealTimers());
}

/** What `make` makes when the clock is set forward so many days; negative: backward. */
export async function inDays<Made>(days: number, make: () => Promise<Made>): Promise<Made> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + days * DAY_MS });
  try {
    return await make();
  } finally {
    vi.useRealTimers();
  }
}

/** For `vi.mock("node:timers/promises", …)`: waiting takes no time but counts as such. */
export const promisedTimers = { setTimeout: async (ms: number) => vi.advanceTimersByTime(ms) };
