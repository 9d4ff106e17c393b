// A role returns what its start needed once, and never while its heap is large.

import { afterEach, describe, expect, test, vi } from "vitest";
import { returnStartMemory } from "../../../../src/client/processes/start-memory.ts";
import { fakeTime } from "../../fake-time.ts";

const MB = 1024 * 1024;

vi.mock("node:process", async (original) => ({ ...(await original()), memoryUsage: () => ({ heapUsed }) }));
let heapUsed = 0;

afterEach(() => void vi.unstubAllGlobals());

describe("after a role's start", () => {
  fakeTime("setTimeout", "clearTimeout");

  test.each([
    { heap: 20 * MB, calls: 1, why: "a small heap is collected once" },
    { heap: 48 * MB, calls: 1, why: "this is the limit" },
    { heap: 48 * MB + 1, calls: 0, why: "a large heap would pause for too long" },
  ])("$why", ({ heap, calls }) => {
    const gc = vi.fn();
    vi.stubGlobal("gc", gc);
    heapUsed = heap;
    returnStartMemory();
    vi.advanceTimersByTime(2_999);
    expect(gc).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(gc).toHaveBeenCalledTimes(calls);
  });

  test("without the flag of V8 nothing happens", () => {
    vi.stubGlobal("gc", undefined);
    heapUsed = 0;
    returnStartMemory();
    expect(() => vi.advanceTimersByTime(60_000)).not.toThrow();
  });
});
