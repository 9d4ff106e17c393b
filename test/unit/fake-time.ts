// The one way in which unit tests replace timers and clocks.

import { afterEach, beforeEach, vi } from "vitest";

type Faked = NonNullable<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"]>;

/** In each test of the calling file or block, time passes only when the test says so. None named: all are replaced. */
export function fakeTime(...toFake: Faked): void {
  beforeEach(() => {
    vi.useFakeTimers(toFake.length === 0 ? {} : { toFake });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

/** For `vi.mock("node:timers/promises", …)`: waiting takes no time but counts as such. */
export const promisedTimers = { setTimeout: async (ms: number) => vi.advanceTimersByTime(ms) };
