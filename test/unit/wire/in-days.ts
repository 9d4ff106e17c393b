import { vi } from "vitest";

const DAY_MS = 86_400_000;

/** What `make` makes when the clock is set forward so many days; negative: backward. */
export async function inDays<Made>(days: number, make: () => Promise<Made>): Promise<Made> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + days * DAY_MS });
  try {
    return await make();
  } finally {
    vi.useRealTimers();
  }
}
