import { expect, test } from "vitest";
import { livenessOf } from "../../../../src/core/coordinator/reports/liveness.ts";
import { ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";

const { ALIVE, SUSPECT, DEAD, UNKNOWN } = ShardLiveness;
const limits = { suspectAfterMs: 30, deadAfterMs: 60 };

test.each([
  { age: 30, leads: 500, is: ALIVE, why: "within the limit" },
  { age: 31, leads: 500, is: SUSPECT, why: "one limit passed" },
  { age: 61, leads: 500, is: DEAD, why: "both passed" },
  { age: null, leads: 30, is: UNKNOWN, why: "a new leader cannot tell yet" },
  { age: null, leads: 31, is: SUSPECT, why: "silent for as long as this leader has led" },
  { age: null, leads: 61, is: DEAD, why: "silent for longer than the limit" },
  { age: 1, leads: null, is: UNKNOWN, why: "who does not lead hears no reports" },
])("a report of $age ms ago, a leader for $leads ms: $is, $why", ({ age, leads, is }) => {
  expect(livenessOf(age, leads, limits)).toBe(is);
});
