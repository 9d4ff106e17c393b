// In a burst thousands are refused in one pass of the event loop: the error they get is made once, not for each.

import { expect, test } from "vitest";
import { tooBusy } from "../../../../src/core/coordinator/calls/refusals.ts";
import { DELAY_MS_MAX } from "../../../../src/core/coordinator/group/drain-rate.ts";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";

const refusedAfter = (retryDelayMs: number) => tooBusy({ work: { retryDelayMs } });

test.each([
  { asked: 50, told: 50 },
  { asked: 50.4, told: 100 },
  { asked: 999.9, told: 1_000 },
  { asked: DELAY_MS_MAX, told: DELAY_MS_MAX },
])("who may come again in $asked ms is told $told", ({ asked, told }) => {
  expect(readRpcError(refusedAfter(asked))).toMatchObject({ reason: "OVERLOADED", retryDelayMs: told });
});

test("refusals with about the same delay share an error", () => {
  expect(refusedAfter(120.25)).toBe(refusedAfter(149.75));
});
